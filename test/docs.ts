import { readFileSync, readdirSync } from 'node:fs';
import { execa } from 'execa';

const root = new URL('..', import.meta.url);

/** What people read, relative to the repository. */
export const pages: string[] = [
  'README.md',
  'ARCHITECTURE.md',
  'CONTRIBUTING.md',
  'CHANGELOG.md',
  ...readdirSync(new URL('docs', root))
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`),
];

export const textOf = (page: string) => readFileSync(new URL(page, root), 'utf8');

/** A fenced block, with the mark `<!-- runs: … -->` on the line before it. */
export interface Block {
  page: string;
  line: number;
  mark?: string;
  language: string;
  text: string;
}

const fence = /(?:^<!-- runs: ([\w-]+) -->\n)?^```(\w*)\n([^]*?)^```$/gm;

export const blocksOf = (page: string): Block[] => {
  const text = textOf(page);
  return [...text.matchAll(fence)].map(({ index, 1: mark, 2: language = '', 3: block = '' }) => ({
    page,
    line: text.slice(0, index).split('\n').length,
    ...(mark !== undefined && { mark }),
    language,
    text: block,
  }));
};

/** The blocks of a page that one test runs, in order. */
export const markedIn = (page: string, mark: string): string[] =>
  blocksOf(page).flatMap((block) => (block.mark === mark ? [block.text] : []));

/** Text outside of fenced blocks. */
export const proseOf = (page: string) => textOf(page).replaceAll(fence, '');

/** The words of each command of this program in a script, as bash takes them apart. */
export async function words(program: string, script: string): Promise<string[][]> {
  const shown = `${program}() { printf '%s\\0' "$@"; printf '\\n\\0'; }`;
  const { stdout } = await execa('bash', ['-euc', `${shown}\n${script}`]);
  return stdout
    .split('\n\0')
    .filter((command) => command !== '')
    .map((command) => command.split('\0').slice(0, -1));
}
