import { readFileSync } from 'node:fs';

export { words } from '../docs.ts';

export const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8');

/** The README's blocks of commands with this mark, `<!-- runs: … -->`, in order. */
export function marked(mark: string): string[] {
  return [...readme.matchAll(/(?:<!-- runs: (\w+) -->\n)?```bash\n([\s\S]*?)```/g)].flatMap(
    ([, found, script]) => (found === mark && script !== undefined ? [script] : []),
  );
}

/** Every command of Backstep that the README mentions inside its sentences, without `backstep` itself. */
export const mentioned = () =>
  [...readme.matchAll(/`backstep ([^`]+)`/g)].map(([, command]) => command ?? '');
