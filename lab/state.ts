import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { randomBytes } from 'node:crypto';
import getPort from 'get-port';
import { LabError } from './lab-error.ts';
import { inState, stateDirectory } from './paths.ts';
import type { Running } from './process.ts';

/** Everything a later `up` or `down` must know, written before the change it describes is made. */
export interface State {
  version: 1;
  /** The machine's boot: after a reboot nothing of the lab runs, and data written without fsync is not trusted. */
  bootId: string;
  ports: Record<string, number>;
  secrets: Record<string, string>;
  processes: Record<string, Running>;
  network?: Network;
  /** Where PostgreSQL keeps its data. */
  database: 'memory' | 'disk';
  /** What the host was like before, so that `down` can put it back. */
  before: { absentPaths: string[]; ipForward?: string };
}

export interface Network {
  bridge: string;
  /** The bridge's address, for instance 10.213.0.1. */
  address: string;
  /** Pods, for instance 10.213.0.0/24. */
  pods: string;
  /** Services, for instance 10.213.1.0/24. */
  services: string;
}

const file = () => inState('state.json');

export const bootId = (): string => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();

/** The recorded state, or undefined where there is no lab. Throws LabError for one written by another version. */
export function readState(): State | undefined {
  let text: string;
  try {
    text = readFileSync(file(), 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EACCES') {
      throw new LabError('The lab belongs to root: run this again with sudo.');
    }
    return undefined;
  }
  const state = JSON.parse(text) as State;
  if (state.version !== 1) {
    throw new LabError(
      'The lab on this machine was made by another version; take it down with that version.',
    );
  }
  return state;
}

export function newState(database: State['database']): State {
  return {
    version: 1,
    bootId: bootId(),
    ports: {},
    secrets: {},
    processes: {},
    database,
    before: { absentPaths: [] },
  };
}

/** Writes the state so that a crash leaves either the old file or the new one; readable by root alone. */
export function saveState(state: State): void {
  mkdirSync(stateDirectory, { recursive: true, mode: 0o755 });
  writePrivately(file(), JSON.stringify(state, undefined, 2));
}

/** Replaces a file in one step, mode 0600. */
export function writePrivately(path: string, content: string): void {
  const temporary = `${path}.${process.pid}`;
  rmSync(temporary, { force: true });
  writeFileSync(temporary, content, { mode: 0o600 });
  renameSync(temporary, path);
}

/** A password that stays the same over restarts of the lab. */
export function secret(state: State, name: string): string {
  const value = (state.secrets[name] ??= randomBytes(18).toString('base64url'));
  saveState(state);
  return value;
}

/** The part's recorded port while it is still free, otherwise a new one. Call it only when about to start the part. */
export async function freePort(state: State, name: string, host: string): Promise<number> {
  const recorded = state.ports[name];
  const port = await getPort({ host, ...(recorded === undefined ? {} : { port: recorded }) });
  state.ports[name] = port;
  saveState(state);
  return port;
}

/** The port recorded for a part that has been started. */
export function portOf(state: State, name: string): number {
  const port = state.ports[name];
  if (port === undefined) throw new LabError(`The lab has no port for ${name}; run \`npm run lab\` again.`);
  return port;
}
