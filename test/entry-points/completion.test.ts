import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { createColors } from 'picocolors';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { CliContext } from '../../src/cli/context.ts';
import { run } from '../../src/cli/program.ts';
import { markedIn } from '../docs.ts';
import { possible, programOf } from '../programs.ts';

type Shell = 'bash' | 'zsh' | 'fish';

const root = new URL('../..', import.meta.url).pathname;
let directory: string;

async function script(shell: Shell): Promise<string> {
  let out = '';
  const context = {
    out: (text: string) => (out += text),
    err: () => undefined,
    colours: createColors(false),
  };
  expect(await run(['completion', shell], context as unknown as CliContext)).toBe(0);
  return out;
}

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'backstep-completion-'));
  for (const shell of ['bash', 'zsh', 'fish'] as const)
    writeFileSync(join(directory, shell), await script(shell));
  writeFileSync(join(directory, 'radar.yaml'), '');
  writeFileSync(join(directory, 'optuna.yml'), '');
  writeFileSync(join(directory, '$(touch evil).yaml'), '');
  mkdirSync(join(directory, 'bin'));
  const program = `#!/bin/sh\ncd '${root}' && exec '${process.execPath}' --import tsx src/cli.ts "$@"\n`;
  writeFileSync(join(directory, 'bin/backstep'), program, { mode: 0o755 });
});
afterAll(() => rmSync(directory, { recursive: true }));

/** What each shell is asked, and how it tells its answer: a word a line. */
const asked: Record<Shell, (line: string, last?: string) => string> = {
  bash: (line) => `source ./bash
    COMP_WORDS=(${line.endsWith(' ') ? `${line}''` : line}); COMP_CWORD=$((\${#COMP_WORDS[@]} - 1))
    _backstep; printf '%s\\n' "\${COMPREPLY[@]}"`,
  fish: (line) => `source ./fish; complete -C '${line}' | string replace -r '\\t.*' ''; true`,
  // A terminal of its own, in which the line is typed; the list stands below it.
  zsh: (line, last) => `zmodload zsh/zpty; zpty shell zsh -f -i
    zpty -w shell "PS1=; autoload -U compinit; compinit -u -D; source ./zsh; LISTMAX=9999; print READY"
    all=; until { zpty -r -t shell out && all+=$out; [[ $all == *$'\\n'READY* ]] } { sleep 0.1 }
    zpty -w -n shell "${line}"$'\\t\\t'; all=
    until { zpty -r -t shell out && all+=$out; [[ $all == *"${line}"*"${last}"* ]] } { sleep 0.1 }
    print -r -- $all`,
};

/** Whether the shell is there; where it is missing and can be installed, it is installed now. */
async function has(shell: Shell): Promise<boolean> {
  if (!(await possible([shell]))) return false;
  await programOf([shell], [shell]);
  return true;
}

async function complete(shell: Shell, line: string, last = ''): Promise<string[]> {
  const { stdout } = await execa(shell, [shell === 'zsh' ? '-fc' : '-c', asked[shell](line, last)], {
    cwd: directory,
    env: { BACKSTEP_SERVICES: directory, TERM: 'dumb', COLUMNS: '200' },
    timeout: 15_000,
  });
  return stdout.split(/\s+/).filter((word) => word !== '');
}

describe.each(['bash', 'zsh', 'fish'] as const)('completion in %s', async (shell) => {
  const there = await has(shell);

  it.skipIf(!there).concurrent.each([
    ['backstep app', ['approve']],
    ['backstep status ', ['radar', 'optuna']],
    ['backstep status --address localhost:7233 ', ['radar', 'optuna']],
    ['backstep approve radar --gate ', ['start', 'downgrade', 'restore']],
    ['backstep decide radar ', ['retry', 'skip', 'restore', 'abort']],
    ['backstep status radar --', ['--watch', '--json', '--namespace']],
    ['backstep completion ', ['bash', 'zsh', 'fish']],
  ])('%s', async (line, words) => {
    const offered = await complete(shell, line, words.toSorted().at(-1));
    // zsh completes a single match in the line itself.
    for (const word of words)
      expect(
        offered.some((each) => each.includes(word)),
        word,
      ).toBe(true);
    expect(offered.join(' ')).not.toMatch(/evil|emergency/);
  });
});

it('evaluates nothing that is typed', async () => {
  await execa('bash', ['-c', asked.bash(`backstep approve '$(touch typed)' --gate `)], { cwd: directory });
  expect(existsSync(join(directory, 'typed'))).toBe(false);
});

it('knows every command and option that the program has', async () => {
  const { stdout } = await execa('bash', ['-c', asked.bash('backstep ')], { cwd: directory });
  let help = '';
  const context = {
    out: (text: string) => (help += text),
    err: () => undefined,
    colours: createColors(false),
  };
  await run(['--help'], context as unknown as CliContext);
  const [, list = ''] = /Commands:\n([^]*?)\n\n/.exec(help) ?? [];
  const commands = [...list.matchAll(/^ {2}([\w-]+)/gm)].flatMap(([, name]) => name ?? []);
  expect(commands.length).toBeGreaterThan(12);
  expect(stdout.split('\n')).toEqual(commands.filter((name) => name !== 'help'));
});

describe.each([
  [
    'bash',
    'completion-bash',
    'COMP_WORDS=(backstep app); COMP_CWORD=1; _backstep; echo "${COMPREPLY[@]}"',
    'approve',
  ],
  ['zsh', 'completion-zsh', 'print ${_comps[backstep]}', '_backstep'],
  ['fish', 'completion-fish', "complete -C 'backstep app' | string split -f1 \\t", 'approve'],
] as const)('docs/cli.md, Completion, %s', async (shell, mark, ask, answer) => {
  const there = await has(shell);

  it.skipIf(!there)('what the page says makes it complete', async () => {
    const [script = '', ...more] = markedIn('docs/cli.md', mark);
    expect(more).toEqual([]);
    const before = shell === 'zsh' ? 'autoload -U compinit; compinit -u -D' : 'true';
    const { stdout } = await execa(
      shell,
      [shell === 'zsh' ? '-fc' : '-c', [before, script, ask].join('\n')],
      {
        cwd: directory,
        env: { PATH: `${directory}/bin:${process.env['PATH']}` },
        timeout: 20_000,
      },
    );
    expect(stdout.trim()).toBe(answer);
  });
});
