import { readFileSync, readdirSync } from 'node:fs';
import { expect, test } from 'vitest';
import { promises, promisesIn, testFiles, testsOf } from '../promises.ts';

const root = new URL('../..', import.meta.url);
const files = testFiles();
const tests = new Set(files.flatMap((file) => file.tests));

const table = (proof: string) =>
  `## What happens to the data\n\n|when|what|proof|\n|-|-|-|\n| a | b | ${proof} |\n\n`;

test('the table of what happens to the data has a line for every case', () => {
  expect(promises.length).toBeGreaterThanOrEqual(12);
});

test.each(promises)('$when: $what', ({ tests: names }) => {
  expect(names.filter((name) => !tests.has(name))).toEqual([]);
});

test('a line that names no test is refused', () => {
  expect(promisesIn(table('*one*; *two*'))).toEqual([{ when: 'a', what: 'b', tests: ['one', 'two'] }]);
  for (const cell of ['', 'one', '*one*, *two*', '*one* | more'])
    expect(() => promisesIn(table(cell))).toThrow('names no tests');
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
        files.some(({ text }) => new RegExp(`['"\`](?:[^'"\`\\n]*\\b)?law ${number}\\b`).test(text)),
        `law ${number}`,
      ).toBe(true);
});
