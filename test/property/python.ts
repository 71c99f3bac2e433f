import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readFile, rename, rm } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { requirements } from '../../examples/deeptech-radar/images.ts';
import { inCache } from '../../lab/paths.ts';
import { pipInstall } from '../../lab/wheels.ts';

export interface Ended {
  /** Exit status; below 0 the signal. */
  status: number;
  lines: string[];
}

export interface Running {
  pid: number;
  ended: Promise<Ended>;
}

export interface Python {
  run(program: string, where: { cwd: string; env: Record<string, string>; log: string }): Promise<Running>;
  close(): void;
}

/** A Python with Alembic imported, which forks for each program. */
export async function python(): Promise<Python> {
  const packages = inCache('python', requirements.join('-').replaceAll(/[^\w.-]/g, ''));
  if (!existsSync(packages)) {
    const unfinished = `${packages}.${process.pid}`;
    await pipInstall(requirements, unfinished, []);
    await rename(unfinished, packages).catch(() => rm(unfinished, { recursive: true }));
  }
  const child = spawn('python3', [fileURLToPath(new URL('forks.py', import.meta.url))], {
    env: { ...process.env, PYTHONPATH: packages, PYTHONDONTWRITEBYTECODE: '1' },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const begun = new Map<number, (pid: number) => void>();
  const ended = new Map<number, (status: number) => void>();
  createInterface({ input: child.stdout }).on('line', (line) => {
    const { id, pid, status } = JSON.parse(line) as { id: number; pid?: number; status?: number };
    if (pid !== undefined) begun.get(id)?.(pid);
    if (status !== undefined) ended.get(id)?.(status);
  });
  let last = 0;
  return {
    run: async (program, { cwd, env, log }) => {
      const id = ++last;
      const status = new Promise<number>((resolve) => ended.set(id, resolve));
      const pid = await new Promise<number>((resolve) => {
        begun.set(id, resolve);
        child.stdin.write(`${JSON.stringify({ id, program, cwd, env, log })}\n`);
      });
      const lines = async () => (await readFile(log, 'utf8')).split('\n');
      return { pid, ended: status.then(async (status) => ({ status, lines: await lines() })) };
    },
    close: () => child.stdin.end(),
  };
}
