import { readFileSync, readdirSync } from 'node:fs';

const root = new URL('..', import.meta.url);

/** A line of the README's table of what happens to the data, and the whole names of the tests that prove it. */
export interface Promised {
  when: string;
  what: string;
  tests: string[];
}

const cellsOf = (line: string): string[] =>
  line
    .split('|')
    .slice(1, -1)
    .map((cell) => cell.trim());

/** @throws Error where a line is no row of three cells, or where the last one is no list of names */
export function promisesIn(readme: string): Promised[] {
  const table = /## What happens to the data\n\n([^]*?)\n\n/.exec(readme)?.[1] ?? '';
  return table
    .split('\n')
    .slice(2)
    .map((line) => {
      const [when = '', what = '', proof = '', ...more] = cellsOf(line);
      const names = proof.split(/(?<=\*); (?=\*)/);
      if (more.length > 0 || !names.every((name) => /^\*[^*]+\*$/.test(name)))
        throw new Error(`a line of the README's table names no tests: ${line}`);
      return { when, what, tests: names.map((name) => name.slice(1, -1)) };
    });
}

export const promises: Promised[] = promisesIn(readFileSync(new URL('README.md', root), 'utf8'));

/** A file in which anything may be left out proves nothing: a test may stand within a group that is. */
const leavesOut = /\b(?:test|it|describe)(?:\.\w+)*\.(?:skip|skipIf|runIf|todo|only|fails)\b/;
/** A test by its whole name, as it is written: `each` may stand before the name. */
const named =
  /\b(?:test|it)(?:\.(?:concurrent|sequential|each))*(?:\((?!\s*['"`])[^]{0,400}?\))?\(\s*(['"`])((?:(?!\1)[^\\\n]|\\.)+)\1/g;
/** Which case it is stands behind the name: ` (seed ${seed}, lane %i)`. */
const which = / \([^()]*(?:\$\{|%)[^()]*\)$/;

/** Names of the tests of a file that are never left out. */
export const testsOf = (file: string): string[] =>
  leavesOut.test(file)
    ? []
    : [...file.matchAll(named)].map(([, , name = '']) => name.replaceAll(/\\(.)/g, '$1').replace(which, ''));

/** Every test file, relative to the repository, with the names of its tests. */
export const testFiles = (): { file: string; text: string; tests: string[] }[] =>
  readdirSync(new URL('test', root), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.test.ts') && !file.endsWith('promises.test.ts'))
    .map((file) => {
      const text = readFileSync(new URL(`test/${file}`, root), 'utf8');
      return { file: `test/${file}`, text, tests: testsOf(text) };
    });
