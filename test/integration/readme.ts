import { readFileSync } from 'node:fs';
import { execa } from 'execa';

export const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8');

/** The README's blocks of commands with this mark, `<!-- runs: … -->`, in order. */
export function marked(mark: string): string[] {
  return [...readme.matchAll(/(?:<!-- runs: (\w+) -->\n)?```bash\n([\s\S]*?)```/g)].flatMap(
    ([, found, script]) => (found === mark && script !== undefined ? [script] : []),
  );
}

/** The README's blocks of commands that are not run. */
export const unmarked = () =>
  [...readme.matchAll(/(<!-- runs: \w+ -->\n)?```bash\n([\s\S]*?)```/g)].flatMap(([, mark, script]) =>
    mark === undefined && script !== undefined ? [script] : [],
  );

/** Every command of Backstep that the README mentions inside its sentences, without `backstep` itself. */
export const mentioned = () =>
  [...readme.matchAll(/`backstep ([^`]+)`/g)].map(([, command]) => command ?? '');

/** The words of each command of this program in a script, as bash takes them apart. */
export async function words(program: string, script: string): Promise<string[][]> {
  const shown = `${program}() { printf '%s\\0' "$@"; printf '\\n\\0'; }`;
  const { stdout } = await execa('bash', ['-euc', `${shown}\n${script}`]);
  return stdout
    .split('\n\0')
    .filter((command) => command !== '')
    .map((command) => command.split('\0').slice(0, -1));
}
