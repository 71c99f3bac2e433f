import { readFileSync, readdirSync } from 'node:fs';
import { expect, test } from 'vitest';

const root = new URL('../..', import.meta.url);
const readme = readFileSync(new URL('README.md', root), 'utf8');
const table = /## What happens to the data\n\n([^]*?)\n\n/.exec(readme)?.[1] ?? '';
const rows = table
  .split('\n')
  .slice(2)
  .map((line) =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
const files = readdirSync(new URL('test', root), { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.test.ts') && !file.endsWith('promises.test.ts'))
  .map((file) => readFileSync(new URL(`test/${file}`, root), 'utf8'));

/** A file in which anything may be left out proves nothing: a test may stand within a group that is. */
const leavesOut = /\b(?:test|it|describe)(?:\.\w+)*\.(?:skip|skipIf|runIf|todo|only|fails)\b/;
/** A test by its whole name, as it is written: `each` may stand before the name. */
const named =
  /\b(?:test|it)(?:\.(?:concurrent|sequential|each))*(?:\((?!\s*['"`])[^]{0,400}?\))?\(\s*(['"`])((?:(?!\1)[^\\\n]|\\.)+)\1/g;
/** Which case it is stands behind the name: ` (seed ${seed}, lane %i)`. */
const which = / \([^()]*(?:\$\{|%)[^()]*\)$/;
const testsOf = (file: string): string[] =>
  leavesOut.test(file)
    ? []
    : [...file.matchAll(named)].map(([, , name = '']) => name.replaceAll(/\\(.)/g, '$1').replace(which, ''));
const tests = new Set(files.flatMap(testsOf));

test('the table of what happens to the data has a line for every case', () => {
  expect(rows.length).toBeGreaterThanOrEqual(12);
  for (const row of rows) expect(row).toHaveLength(3);
});

test.each(rows)('%s: %s', (_when, _what, proof = '') => {
  const names = proof.split(/(?<=\*); (?=\*)/);
  for (const each of names) expect(each).toMatch(/^\*.+\*$/);
  expect(names.map((each) => each.slice(1, -1)).filter((name) => !tests.has(name))).toEqual([]);
});

test('a promise is proved by a test of the whole name that is never left out', () => {
  expect(testsOf("test('a dump is found', () => {}); it.each([[1, 2]])(`it’s %s`, f)")).toEqual([
    'a dump is found',
    'it’s %s',
  ]);
  for (const left of [
    "test.skip('x')",
    "describe.skipIf(old)('x')",
    "it.todo('y')",
    "test.concurrent.only('z')",
  ])
    expect(testsOf(`test('a dump is found', () => {}); ${left}`)).toEqual([]);
});

const architecture = readFileSync(new URL('ARCHITECTURE.md', root), 'utf8');
const laws = [...architecture.matchAll(/^\| (\d+) \| (.+) \| (.+) \|$/gm)].map(([, number, law, by]) => ({
  number: Number(number),
  law: law ?? '',
  by: by ?? '',
}));

test('every law that code, tests or pages cite stands in ARCHITECTURE, once, in one sentence', () => {
  expect(laws.map(({ number }) => number)).toEqual(laws.map((_, index) => index + 1));
  for (const { law } of laws) expect(law).toMatch(/^[A-Z][^.]*\.$/);
  const cited = ['src', 'test', 'docs', 'lab'].flatMap((folder) =>
    readdirSync(new URL(folder, root), { recursive: true, encoding: 'utf8' })
      .filter((file) => /\.(ts|md)$/.test(file))
      .flatMap((file) =>
        [...readFileSync(new URL(`${folder}/${file}`, root), 'utf8').matchAll(/\blaws? (\d+)\b/g)].map(
          ([, number]) => Number(number),
        ),
      ),
  );
  expect(Math.max(...cited)).toBeLessThanOrEqual(laws.length);
});

test('each law has tests named after it, or says in which part it is not kept yet', () => {
  for (const { number, by } of laws)
    if (!by.startsWith('in part'))
      expect(
        files.some((file) => new RegExp(`['"\`](?:[^'"\`\\n]*\\b)?law ${number}\\b`).test(file)),
        `law ${number}`,
      ).toBe(true);
});
