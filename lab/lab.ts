import { readFileSync, rmSync } from 'node:fs';
import { totalmem } from 'node:os';
import { faults, observeHost } from './host.ts';
import { adminKubeconfig, nodeName, program } from './kubernetes/names.ts';
import { containerd } from './kubernetes/containerd.ts';
import { etcd, kubeApiServer, kubeControllerManager, kubeScheduler } from './kubernetes/control-plane.ts';
import { kubeProxy, kubelet } from './kubernetes/node.ts';
import { LabError } from './lab-error.ts';
import { withLock } from './lock.ts';
import { isWell } from './part.ts';
import type { Part } from './part.ts';
import { inState, lockFile } from './paths.ts';
import { bin, dataDirectory, major, postgres, superuserUrl } from './postgres.ts';
import type { Running } from './process.ts';
import { runStages } from './progress.ts';
import type { Progress } from './progress.ts';
import { bootId, newState, portOf, readState, saveState, writePrivately } from './state.ts';
import type { State } from './state.ts';
import { absentPaths, sweep } from './sweep.ts';
import { temporal, temporalProgram } from './temporal.ts';

export type { Progress } from './progress.ts';

/** Where everything of the running lab is. Written to `labFile`, which root alone can read: it holds the password. */
export interface Lab {
  temporal: { address: string; namespace: string; uiUrl: string; cli: string };
  postgres: {
    /** The bridge's address, reachable from this machine and from pods. */
    host: string;
    port: number;
    superuserUrl: string;
    /** Directory of `psql`, `pg_dump` and the others of the server's own major version. */
    bin: string;
    major: number;
    dataDirectory: string;
    keptIn: State['database'];
  };
  kubernetes: { kubeconfig: string; kubectl: string; nodeName: string };
  processes: Record<string, Running>;
}

export const labFile = inState('lab.json');

export interface LabOptions {
  /** Keeps PostgreSQL on the disk, as benchmarks want it, wherever the machine has memory enough. */
  onDisk?: boolean;
}

/**
 * With less, databases of a run of all tests might crowd out what runs. An ext4 without journal takes 25 times as long
 * to create and drop a database as memory does: it looks through all inodes that were freed a moment ago.
 */
const memoryEnough = 16e9;

/**
 * Brings the lab up and returns where everything is. A healthy lab is returned as it is; one that is half-finished or has
 * crashed is completed with its data. Throws LabError with what to do where the machine cannot run it.
 */
export async function up(progress: Progress = () => {}, { onDisk = false }: LabOptions = {}): Promise<Lab> {
  const missing = faults(await observeHost());
  if (missing.length > 0) throw new LabError(missing.join('\n'));
  return withLock(
    lockFile,
    () => progress({ kind: 'waiting' }),
    async () => {
      const running = await current();
      if (running !== undefined) {
        if (onDisk && running.postgres.keptIn !== 'disk')
          throw new LabError('The lab is up, with its PostgreSQL in memory: take it down first.');
        return running;
      }
      rmSync(labFile, { force: true });
      let state = readState();
      if (state !== undefined && state.bootId !== bootId()) {
        await sweep(state); // the machine has been restarted since, and nothing was written with fsync
        state = undefined;
      }
      const database = onDisk || totalmem() < memoryEnough ? 'disk' : 'memory';
      state ??= { ...newState(database), before: { absentPaths: absentPaths() } };
      saveState(state);
      await runStages(state, progress);
      const lab = await describe(state);
      writePrivately(labFile, JSON.stringify(lab, undefined, 2));
      return lab;
    },
  );
}

/** Removes everything of the lab from this machine: processes, mounts, bridge, iptables chains, cgroups, files. */
export async function down(progress: Progress = () => {}): Promise<void> {
  if (process.getuid?.() !== 0) throw new LabError('Taking the lab down needs root: run it again with sudo.');
  await withLock(
    lockFile,
    () => progress({ kind: 'waiting' }),
    () => sweep(readState()),
  );
}

/** The running lab, each of its servers asked and seen to be ours; undefined where there is none or one is not well. */
export async function current(): Promise<Lab | undefined> {
  const state = readState();
  const lab = readLab();
  if (state === undefined || lab === undefined || state.bootId !== bootId()) return undefined;
  const well = await Promise.all(parts(state).map((part) => isWell(state, part)));
  return well.every(Boolean) ? lab : undefined;
}

/** Each server by name, and whether it is well. */
export async function health(): Promise<Record<string, boolean>> {
  const state = readState();
  if (state?.network === undefined) return {};
  return Object.fromEntries(
    await Promise.all(parts(state).map(async (part) => [part.name, await isWell(state, part)] as const)),
  );
}

function parts(state: State): Part[] {
  const { network } = state;
  if (network === undefined) return [];
  return [
    temporal(state),
    postgres(state, network),
    etcd(state),
    kubeApiServer(state, network),
    kubeControllerManager(state, network),
    kubeScheduler(state, network),
    containerd(network),
    kubelet(state, network),
    kubeProxy(state, network),
  ];
}

function readLab(): Lab | undefined {
  try {
    return JSON.parse(readFileSync(labFile, 'utf8')) as Lab;
  } catch {
    return undefined;
  }
}

async function describe(state: State): Promise<Lab> {
  const { network } = state;
  if (network === undefined) throw new LabError('The lab has no network; run `npm run lab` again.');
  return {
    temporal: {
      address: `127.0.0.1:${portOf(state, 'temporal')}`,
      namespace: 'default',
      uiUrl: `http://127.0.0.1:${portOf(state, 'temporal-ui')}`,
      cli: await temporalProgram(),
    },
    postgres: {
      host: network.address,
      port: portOf(state, 'postgres'),
      superuserUrl: superuserUrl(state, network),
      bin,
      major,
      dataDirectory,
      keptIn: state.database,
    },
    kubernetes: { kubeconfig: adminKubeconfig, kubectl: program('kubectl'), nodeName },
    processes: state.processes,
  };
}
