import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { basename } from 'node:path';
import { command, onPath } from './command.ts';
import { removeRules } from './iptables.ts';
import { removeCgroups } from './kubernetes/cgroups.ts';
import { LabError } from './lab-error.ts';
import { ownMounts } from './mounts.ts';
import { removeNetwork } from './network.ts';
import { stateDirectory } from './paths.ts';
import { dataDirectory } from './postgres.ts';
import { readPlayground } from './playground/record.ts';
import { startOf, stop } from './process.ts';
import type { Running } from './process.ts';
import type { State } from './state.ts';

/** Places that programs of the lab write to whatever they are told; `down` removes those that were not there before. */
export const fixedPaths = ['/var/lib/kubelet', '/var/log/containers', '/run/containerd', '/var/lib/cni'];

export const absentPaths = (): string[] => fixedPaths.filter((path) => !existsSync(path));

/**
 * Takes everything of a lab off this machine, whatever state a crash left it in: what was recorded, and what is found
 * by its place (programs, mounts) or by its name (bridge, chains, cgroups). Does nothing where there is nothing.
 */
export async function sweep(state: State | undefined): Promise<void> {
  await endProcesses();
  await removeCgroups();
  await removeSharedMemory();
  await unmountAll();
  if (await onPath('ip')) await removeNetwork(state);
  if (await onPath('iptables-save')) await removeRules();
  for (const path of state?.before.absentPaths ?? []) await remove(path);
  if (existsSync('/var/lib/cni/results')) await removeCniResults();
  await remove(stateDirectory);
}

/** PostgreSQL leaves at once and tidies up; the others hold nothing worth keeping, and etcd and the API server are slow to go. */
async function endProcesses(): Promise<void> {
  // Those are this clone's programs, not the lab's: they are known by the playground's record alone.
  await Promise.all((readPlayground()?.processes ?? []).map((running) => stop(running)));
  for (let found = ownProcesses(); found.length > 0; found = ownProcesses()) {
    await Promise.all(found.map((process) => stop(process, process.isPostgres ? 'SIGQUIT' : 'SIGKILL')));
  }
}

/** Whether a command line is a server of the lab: started from its state directory, or told to work there. */
export function isOwn(argv: string[]): boolean {
  const [program = ''] = argv;
  const told = ['containerd', 'containerd-shim-runc-v2', 'temporal'].includes(basename(program));
  return (
    program.startsWith(`${stateDirectory}/`) ||
    (told && argv.some((arg) => arg.includes(`${stateDirectory}/`)))
  );
}

function ownProcesses(): (Running & { isPostgres: boolean })[] {
  const pids = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number);
  return pids.flatMap((pid) => {
    try {
      const argv = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
      const startedAt = startOf(pid);
      if (startedAt === undefined || !isOwn(argv)) return [];
      return [{ pid, startedAt, isPostgres: basename(argv[0] ?? '') === 'postgres' }];
    } catch {
      return []; // ended meanwhile
    }
  });
}

/** A PostgreSQL that was killed leaves its small System V segment; the last line but one of its pid file names it. */
async function removeSharedMemory(): Promise<void> {
  const pidFile = `${dataDirectory}/postmaster.pid`;
  if (!existsSync(pidFile)) return;
  const id = readFileSync(pidFile, 'utf8').split('\n')[6]?.trim().split(/\s+/)[1];
  if (id !== undefined) await command('ipcrm', ['--shmem-id', id]).catch(() => undefined); // gone already
}

async function unmountAll(): Promise<void> {
  for (const snapshot of ownMounts()) await command('umount', ['--lazy', snapshot]).catch(() => undefined);
  const left = ownMounts();
  if (left.length > 0) throw new LabError(`${left[0]} cannot be unmounted; end what uses it and try again.`);
}

const remove = (path: string): Promise<string> =>
  command('rm', ['--recursive', '--force', '--one-file-system', path]);

async function removeCniResults(): Promise<void> {
  const names = readdirSync('/var/lib/cni/results').filter((name) => name.startsWith('backstep-lab-'));
  for (const name of names) await remove(`/var/lib/cni/results/${name}`);
}
