import { spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync, readdirSync, readlinkSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { LabError } from './lab-error.ts';
import { inState } from './paths.ts';

/** A process of the lab. Numbers of processes are used again, so its start, in clock ticks since boot, is part of its identity. */
export interface Running {
  pid: number;
  startedAt: string;
}

export interface Launch {
  name: string;
  program: string;
  args: string[];
  uid?: number;
  gid?: number;
  env?: Record<string, string>;
}

/** Starts a server that outlives this process, its output appended to `logs/<name>.log`. */
export async function launch(part: Launch): Promise<Running> {
  mkdirSync(inState('logs'), { recursive: true });
  const log = openSync(logOf(part.name), 'a');
  try {
    const child = spawn(part.program, part.args, {
      detached: true,
      cwd: '/',
      stdio: ['ignore', log, log],
      env: {
        PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
        HOME: '/root',
        ...part.env,
      },
      ...(part.uid === undefined ? {} : { uid: part.uid }),
      ...(part.gid === undefined ? {} : { gid: part.gid }),
    });
    const pid = await new Promise<number>((resolve, reject) => {
      child.once('error', (error) =>
        reject(new LabError(`${part.name} could not be started: ${error.message}`)),
      );
      child.once('spawn', () => resolve(child.pid ?? 0));
    });
    child.unref();
    const startedAt = startOf(pid);
    if (startedAt === undefined) throw new LabError(`${part.name} ended at once; see ${logOf(part.name)}.`);
    return { pid, startedAt };
  } finally {
    closeSync(log);
  }
}

export const logOf = (name: string): string => inState('logs', `${name}.log`);

/** The start of a process that is alive, undefined for one that is gone or a zombie (to which `kill -0` still succeeds). */
export function startOf(pid: number): string | undefined {
  try {
    return startInStat(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return undefined;
  }
}

/** Reads `/proc/<pid>/stat`; the command in parentheses may itself hold spaces and parentheses. */
export function startInStat(stat: string): string | undefined {
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return fields[0] === 'Z' || fields[0] === 'X' ? undefined : fields[19];
}

export const isAlive = (running: Running | undefined): running is Running =>
  running !== undefined && startOf(running.pid) === running.startedAt;

/** Ends a process: the signal, then SIGKILL after `graceSeconds`. Returns when it is gone; throws LabError if it never goes. */
export async function stop(
  running: Running,
  signal: NodeJS.Signals = 'SIGTERM',
  graceSeconds = 5,
): Promise<void> {
  for (const [next, seconds] of [
    [signal, graceSeconds],
    ['SIGKILL', 10],
  ] as const) {
    if (!isAlive(running)) return;
    signalIfThere(running.pid, next);
    const end = Date.now() + seconds * 1000;
    while (isAlive(running) && Date.now() < end) await sleep(20);
  }
  if (isAlive(running))
    throw new LabError(`Process ${running.pid} does not end, even by SIGKILL; restart the machine.`);
}

export function signalIfThere(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

/** Whether this very process holds the listening socket: an answer on a port alone could come from anybody. */
export function listens(pid: number, port: number): boolean {
  const wanted = new Set<string>();
  for (const table of ['tcp', 'tcp6']) {
    for (const line of readFileSync(`/proc/${pid}/net/${table}`, 'utf8').split('\n').slice(1)) {
      const [, local, , socketState, , , , , , inode] = line.trim().split(/\s+/);
      const listening = socketState === '0A';
      if (listening && inode !== undefined && Number.parseInt(local?.split(':')[1] ?? '', 16) === port) {
        wanted.add(`socket:[${inode}]`);
      }
    }
  }
  return readdirSync(`/proc/${pid}/fd`).some((descriptor) => {
    try {
      return wanted.has(readlinkSync(`/proc/${pid}/fd/${descriptor}`));
    } catch {
      return false; // closed meanwhile
    }
  });
}

/**
 * Polls until the probe says yes. Throws LabError with the end of the log as soon as the process has died,
 * or when the time is over.
 */
export async function untilReady(
  name: string,
  running: Running,
  seconds: number,
  probe: () => Promise<boolean> | boolean,
): Promise<void> {
  const end = Date.now() + seconds * 1000;
  for (;;) {
    if (!isAlive(running)) throw new LabError(`${name} ended before it was ready.\n${endOfLog(name)}`);
    if (await probe()) return;
    if (Date.now() > end) throw new LabError(`${name} is not ready after ${seconds} s.\n${endOfLog(name)}`);
    await sleep(100);
  }
}

function endOfLog(name: string): string {
  try {
    return `${logOf(name)}:\n${readFileSync(logOf(name), 'utf8').trim().split('\n').slice(-8).join('\n')}`;
  } catch {
    return '';
  }
}
