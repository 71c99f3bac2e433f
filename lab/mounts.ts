import { mkdirSync, readFileSync } from 'node:fs';
import { command } from './command.ts';
import { stateDirectory } from './paths.ts';

/** Mount points below the directory, innermost first. */
export function mountsBelow(directory: string, mountinfo: string): string[] {
  const snapshots = mountinfo.split('\n').map((line) => line.split(' ')[4] ?? '');
  return snapshots.filter((snapshot) => snapshot.startsWith(`${directory}/`)).toReversed();
}

/** What of the lab is mounted. */
export const ownMounts = (): string[] =>
  mountsBelow(stateDirectory, readFileSync('/proc/self/mountinfo', 'utf8'));

/** Puts a directory of the lab into memory, at most half of the machine's; does nothing where it is there. */
export async function mountInMemory(directory: string): Promise<void> {
  if (ownMounts().includes(directory)) return;
  mkdirSync(directory, { recursive: true });
  await command('mount', ['-t', 'tmpfs', '-o', 'mode=755', 'backstep-lab', directory]);
}
