import { execa } from 'execa';
import { LabError } from './lab-error.ts';

export interface CommandOptions {
  cwd?: string;
  /** Added to the environment of this process. */
  env?: Record<string, string>;
  input?: string;
  /** Called with every line of both outputs while the command runs. */
  onLine?: (line: string) => void;
  timeoutSeconds?: number;
}

/**
 * Runs a program to its end and returns its standard output, trimmed.
 * Throws LabError with the program's last lines when it fails or cannot be started.
 */
export async function command(
  program: string,
  args: string[],
  options: CommandOptions = {},
): Promise<string> {
  const running = execa(program, args, {
    all: true,
    reject: false,
    stdin: options.input === undefined ? 'ignore' : 'pipe',
    ...(options.input === undefined ? {} : { input: options.input }),
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    env: { LC_ALL: 'C', ...options.env },
    timeout: (options.timeoutSeconds ?? 0) * 1000,
    maxBuffer: 64 * 1024 * 1024,
  });
  const { onLine } = options;
  if (onLine !== undefined) {
    for await (const line of running.iterable({ from: 'all' })) onLine(line);
  }
  const result = await running;
  if (!result.failed) return result.stdout.trim();
  const output = (result.all ?? '').trim().split('\n').slice(-12).join('\n');
  throw new LabError(
    `\`${[program, ...args].join(' ').slice(0, 200)}\` failed: ${output || result.shortMessage}`,
  );
}

/** Whether a program of this name is on PATH or where administrators' programs live. */
export async function onPath(program: string): Promise<boolean> {
  const result = await execa('sh', ['-c', 'command -v "$1"', 'sh', program], {
    reject: false,
    env: { PATH: `${process.env['PATH'] ?? ''}:/usr/local/sbin:/usr/sbin:/sbin` },
  });
  return result.exitCode === 0;
}
