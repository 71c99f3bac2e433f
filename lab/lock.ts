import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { LabError } from './lab-error.ts';

/**
 * Does the work while no other process holds the lock on this file; waits for one that does. The kernel holds the lock for a
 * `flock` whose standard input is ours: however this process ends, the pipe closes and the lock is free.
 */
export async function withLock<T>(file: string, onWait: () => void, work: () => Promise<T>): Promise<T> {
  const holder = spawn('flock', ['--exclusive', file, 'sh', '-c', 'echo held; exec cat'], {
    stdio: ['pipe', 'pipe', 'inherit'],
    detached: true, // so that Ctrl-C reaches us first
  });
  const ended = once(holder, 'exit');
  const waiting = setTimeout(onWait, 500);
  try {
    const said = await Promise.race([
      once(holder.stdout, 'data').then(() => 'held'),
      ended.then(() => 'ended'),
    ]);
    if (said !== 'held')
      throw new LabError(`The lock ${file} cannot be taken; see whether it may be written.`);
  } finally {
    clearTimeout(waiting);
  }
  try {
    return await work();
  } finally {
    holder.stdin.end();
    await ended;
  }
}
