import type { Cluster } from '../kubernetes/cluster.ts';
import type { Provider } from '../recovery/provider.ts';
import type { PointInTime } from '../domain/definition/point-in-time.ts';
import type { Definitions } from '../storage/definitions.ts';
import type { Storage } from '../storage/storage.ts';

/** What the activities act with; tests hand them other means. */
export interface Dependencies {
  cluster: Cluster;
  /** Namespace of the operation records. */
  recordsNamespace: string;
  /** Where reports and evidence live. */
  storage: Storage;
  definitions: Definitions;
  /** Backstep's job image, where a definition names none (BACKSTEP_JOB_IMAGE). */
  jobImage?: string;
  /** Where people reach the gateway's page, without a slash at its end (BACKSTEP_PUBLIC_URL). */
  publicUrl?: string;
  /** Path of the gateway's public keys, by which persons are proved (BACKSTEP_GATEWAY_KEYS). */
  gatewayKeys?: string;
  /** Who restores to a moment; tests make theirs look more often. */
  providerOf?: (definition: PointInTime) => Promise<Provider>;
}

/** What the boundary gives every activity. */
export interface Attempt {
  /** Aborted when the activity is cancelled or the worker shuts down. */
  signal: AbortSignal;
  /** True where the workflow asked for the end; false where only this worker shuts down and another goes on. */
  cancelRequested(): boolean;
  /** Says what is being done right now: becomes the heartbeat details, and what `status` shows. */
  progress(detail: {
    doing: string;
    done?: number;
    of?: number;
    unit?: 'rows' | 'bytes' | 'pods' | 'sessions';
    /** Pods, Jobs and sessions that still live where writes are to stop; the first few, in words. */
    alive?: string[];
  }): void;
  /** Structured log with the operation and the step. */
  log: { info(message: string, fields?: object): void; warn(message: string, fields?: object): void };
}
