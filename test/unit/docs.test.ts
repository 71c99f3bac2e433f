import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { execa } from 'execa';
import { createColors } from 'picocolors';
import { describe, expect, it, test } from 'vitest';
import { parse } from 'yaml';
import type { CliContext } from '../../src/cli/context.ts';
import { programOf } from '../../src/cli/program.ts';
import { serviceDefinition } from '../../src/domain/definition/service.ts';
import { blocksOf, markedIn, pages, proseOf, textOf } from '../docs.ts';
import type { Block } from '../docs.ts';
import { definitionSource } from '../example-plan.ts';

const root = new URL('../..', import.meta.url).pathname;
const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
  scripts: Record<string, string>;
};

/** As GitHub names a heading. */
const anchorOf = (heading: string) =>
  heading
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
    .trim()
    .replaceAll(' ', '-');

const anchorsOf = (page: string) =>
  [...textOf(page).matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) => anchorOf(heading));

describe.each(pages)('%s', (page) => {
  it('leads to files and headings that exist', () => {
    for (const [link, target = ''] of proseOf(page).matchAll(/\]\(([^)\s]+)\)/g)) {
      if (/^(https?|mailto):/.test(target)) continue;
      const [path = '', anchor] = target.split('#');
      const file = path === '' ? page : join(dirname(page), path);
      expect(existsSync(join(root, file)), link).toBe(true);
      if (anchor !== undefined && file.endsWith('.md')) expect(anchorsOf(file), link).toContain(anchor);
    }
  });

  it('names files that exist', () => {
    const folders = /`((?:src|test|scripts|deploy|services|docs|lab|bench|examples)\/[\w./-]+)`/g;
    for (const [, path = ''] of proseOf(page).matchAll(folders))
      expect(existsSync(join(root, path)), path).toBe(true);
  });

  it('has a mark on each block of commands, by which a test runs or checks it', () => {
    for (const block of commandBlocks(page)) expect(runners(block), at(block)).not.toEqual([]);
  });

  it('has commands, options and scripts that exist', () => {
    for (const block of commandBlocks(page))
      for (const line of linesOf(block)) expect(faultOf(line), `${at(block)}: ${line}`).toBeUndefined();
    for (const [, command = ''] of proseOf(page).matchAll(/`((?:backstep|npm) [^`]+)`/g))
      // An option that is spoken of may lack its value.
      expect(faultOf(command) ?? '', command).toMatch(/^$|argument missing/);
  });

  it('has pieces of definitions that are understood', () => {
    const before: object[] = [];
    for (const block of blocksOf(page).filter(({ language }) => language === 'yaml')) {
      if (block.mark !== undefined && block.mark !== 'definition') continue;
      const piece = parse(block.text) as object;
      before.push(piece);
      const read = [inPlaceOf(piece), besides(piece), inPlaceOf(Object.assign({}, ...before) as object)];
      const understood = read.some((whole) => serviceDefinition.safeParse(whole).success);
      expect(understood, `${at(block)}: ${serviceDefinition.safeParse(read[1]).error?.message}`).toBe(true);
    }
  });
});

const inPlaceOf = (piece: object) => ({ ...definitionSource(), ...piece });

/** Keys of one section beside those that the definition has there already. */
function besides(piece: object): object {
  const whole: Record<string, unknown> = { ...definitionSource() };
  for (const [key, value] of Object.entries(piece) as [string, unknown][])
    whole[key] =
      typeof value === 'object' && !Array.isArray(value) ? Object.assign({}, whole[key], value) : value;
  return whole;
}

const at = ({ page, line }: Block) => `${page}:${line}`;

const commandBlocks = (page: string) =>
  blocksOf(page).filter(({ language }) => ['bash', 'sh', 'console', 'zsh'].includes(language));

const tests = readdirSync(join(root, 'test'), { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.test.ts'))
  .map((file) => ({ file, text: readFileSync(join(root, 'test', file), 'utf8') }));

/** Tests that take the blocks of this mark; those marked `checked` are taken by this one. */
function runners({ mark }: Block): string[] {
  if (mark === undefined) return [];
  if (mark === 'checked') return ['unit/docs.test.ts'];
  return tests.filter(({ text }) => text.includes(`'${mark}'`)).map(({ file }) => file);
}

/** The commands of a block, those that go on joined, without comments and answers. */
const linesOf = ({ language, text }: Block) =>
  (language === 'console' ? text.replaceAll(/^(?!\$ ).*$/gm, '').replaceAll(/^\$ /gm, '') : text)
    .replaceAll(/\\\n\s*/g, ' ')
    .split('\n')
    .map((line) => line.replace(/(^|\s)#.*$/, '').trim())
    .filter((line) => line !== '');

/** A command as a person types it, with something in the place of what is left open. */
const wordsOf = (command: string) =>
  [...command.matchAll(/"([^"]*)"|'([^']*)'|(\S+)/g)].map(([, double, single, plain]) =>
    (double ?? single ?? plain ?? '').replaceAll(/<[^>]*>|…/g, 'x').replace(/^([\w-]+)\|.*/, '$1'),
  );

const context = {
  out: () => undefined,
  err: () => undefined,
  colours: createColors(false),
  person: 'ada',
  services: 'services',
} as unknown as CliContext;

/** What is wrong with a command, as far as that can be told without running it. */
function faultOf(command: string): string | undefined {
  const [program, first = '', ...rest] = wordsOf(command.replaceAll(/<([\w-]+) [^>]*>/g, '<$1>'));
  if (program === 'npm') return npmFault(first, rest);
  if (program === 'kubectl') return kubectlFault([first, ...rest]);
  if (program !== 'backstep') return undefined;
  const end = [first, ...rest].findIndex((word) => /^[|>&;]/.test(word));
  const words = [first, ...rest].slice(0, end === -1 ? undefined : end);
  // A command alone is spoken of, not typed.
  if (words.length === 1 && !words[0]?.startsWith('-')) words.push('--help');
  try {
    programOf(context, () => async () => undefined).parse(words, { from: 'user' });
    return undefined;
  } catch (error) {
    const { exitCode, message } = error as Error & { exitCode?: number };
    return exitCode === 0 ? undefined : message;
  }
}

function npmFault(command: string, rest: string[]): string | undefined {
  const script = command === 'run' ? rest[0] : command === 'test' ? 'test' : undefined;
  return script === undefined || scripts[script] !== undefined ? undefined : `there is no script ${script}`;
}

function kubectlFault(words: string[]): string | undefined {
  const file = words[words.findIndex((word) => word === '-f' || word === '--filename') + 1];
  const names = words.includes('-f') || words.includes('--filename');
  return !names || file === undefined || /^(-|x)/.test(file) || existsSync(join(root, file))
    ? undefined
    : `there is no ${file}`;
}

test('finds a broken link, a missing file, an unmarked block and an unknown option', () => {
  expect(faultOf('backstep status radar --wacth')).toMatch(/unknown option/);
  expect(faultOf('backstep approve radar --gate begin')).toMatch(/Allowed choices/);
  expect(faultOf('backstep decide deeptech-radar retry|skip|restore|abort')).toBeUndefined();
  expect(faultOf('npm run dance')).toBe('there is no script dance');
  expect(faultOf('kubectl apply -f deploy/nothing.yaml')).toBe('there is no deploy/nothing.yaml');
  expect(runners({ page: '', line: 1, language: 'bash', text: '' })).toEqual([]);
  expect(
    runners({ page: '', line: 1, language: 'bash', text: '', mark: ['nobody', 'takes', 'this'].join('-') }),
  ).toEqual([]);
  expect(anchorOf('How it can end: `put-back`')).toBe('how-it-can-end-put-back');
});

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');

test('the checksum of a backup in directory format is the one that docs/backups.md computes', async () => {
  const [script = ''] = markedIn('docs/backups.md', 'checksum');
  const [, name = ''] = /^cd (\S+)/.exec(script) ?? [];
  const directory = mkdtempSync(join(tmpdir(), 'backstep-docs-'));
  try {
    mkdirSync(join(directory, name));
    for (const file of ['toc.dat', '3001.dat.gz']) writeFileSync(join(directory, name, file), file);
    const lines = ['3001.dat.gz', 'toc.dat'].map((file) => `${sha256(file)}  ${file}\n`).join('');
    const { stdout } = await execa('bash', ['-euc', script], { cwd: directory });
    expect(stdout.split(' ')[0]).toBe(sha256(lines));
  } finally {
    rmSync(directory, { recursive: true });
  }
});
