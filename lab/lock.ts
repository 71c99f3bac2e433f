import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { LabError } from './lab-error.ts';
import { lockFile } from './paths.ts';

/**
 * Does the work while no other `up` or `down` is at work on this machine; waits for one that is. The kernel holds the lock for
 * a `flock` whose standard input is ours: however this process ends, the pipe closes and the lock is free.
 */
export async function withLock<T>(onWait: () => void, work: () => Promise<T>): Promise<T> {
  const holder = spawn('flock', ['--exclusive', lockFile, 'sh', '-c', 'echo held; exec cat'], {
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
    if (said !== 'held') throw new LabError(`The lock ${lockFile} cannot be taken; run this as root.`);
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
