import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ApplicationName } from '../../examples/applications.ts';
import { withLock } from '../lock.ts';
import { inState } from '../paths.ts';
import { isAlive, type Running } from '../process.ts';
import { writePrivately } from '../state.ts';

/** Everything of the playground that is a file: tokens, keys, definitions, reports. Root alone may look into it. */
export const directory = inState('playground');

/** Does the work while no other process sets a playground up or takes it down. */
export const alone = <T>(work: () => Promise<T>): Promise<T> =>
  withLock(
    inState('playground.lock'),
    () => console.log('Another `npm run playground` is at work; waiting for it.'),
    work,
  );

/** Name of its namespace in Kubernetes and of the one in Temporal. */
export const namespace = 'playground';

/** Where everything is: what `--json` writes, and programs rely on. */
export interface Connection {
  /** All that `node dist/cli.js` needs. */
  env: Record<string, string>;
  temporal: { address: string; namespace: string; ui: string };
  /** Tokens by person. */
  gateway: { url: string; tokens: Record<string, string> };
  kubernetes: { kubeconfig: string; kubectl: string; namespace: string };
  postgres: { superuserUrl: string; database: string };
  /** Directory of the definitions. */
  services: string;
}

/** What somebody asked for. */
export interface Wanted {
  service: ApplicationName;
  rows?: number;
  /** Whether the lab was up before; it then stays up. */
  labWasUp: boolean;
  /** Number of the process that a person started. */
  startedBy: number;
}

/** What taking it down must know, written before anything is made. */
export interface Playground extends Wanted {
  database: string;
  /** Worker and gateway. */
  processes: Running[];
  /** Once it is ready. */
  connection?: Connection;
}

export type ReadyPlayground = Playground & Required<Pick<Playground, 'connection'>>;

const file = join(directory, 'playground.json');

export function writePlayground(playground: Playground): void {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  writePrivately(file, JSON.stringify(playground, undefined, 2));
}

/** The playground that is up, being made, or left by a crash. */
export function readPlayground(): Playground | undefined {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Playground;
  } catch {
    return undefined;
  }
}

/** Whether it was made to its end, and its worker and gateway live. */
export const isReady = (playground: Playground | undefined): playground is ReadyPlayground =>
  playground?.connection !== undefined && playground.processes.every(isAlive);
