import { existsSync, mkdirSync, readFileSync, readdirSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { signalIfThere } from '../process.ts';

/** All pods of the lab live below this cgroup, in every hierarchy, so that one walk finds whatever a crash left behind. */
export const podsCgroup = '/backstep-lab';

/** Mount points of the cgroup hierarchies: one with cgroup v2, one a controller with v1. */
export function hierarchies(mounts: string): string[] {
  return mounts
    .split('\n')
    .map((line) => line.split(' '))
    .filter(([, , type]) => type === 'cgroup' || type === 'cgroup2')
    .map(([, at = '']) => at);
}

const roots = (): string[] =>
  hierarchies(readFileSync('/proc/self/mounts', 'utf8')).map((at) => at + podsCgroup);

/** The kubelet asks that its cgroup be there; what it needs inside it enables itself. */
export function makeCgroups(): void {
  for (const root of roots()) mkdirSync(root, { recursive: true });
}

/** Kills every process of every pod and removes the cgroups, deepest first. */
export async function removeCgroups(): Promise<void> {
  for (const root of roots()) {
    for (let attempt = 0; existsSync(root); attempt += 1) {
      const directories = below(root);
      for (const pid of directories.flatMap(members)) signalIfThere(pid, 'SIGKILL');
      try {
        for (const directory of directories.toReversed()) rmdirSync(directory);
      } catch (error) {
        // Busy until the last killed process is gone.
        if (attempt > 100) throw error;
        await sleep(50);
      }
    }
  }
}

function below(directory: string): string[] {
  const children = readdirSync(directory, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  return [directory, ...children.flatMap(({ name }) => below(join(directory, name)))];
}

function members(directory: string): number[] {
  try {
    return readFileSync(join(directory, 'cgroup.procs'), 'utf8')
      .trim()
      .split('\n')
      .filter(Boolean)
      .map(Number);
  } catch {
    return [];
  }
}
