import type { SnapshotKindName } from './definition/snapshot.ts';

/**
 * A clone of the database on its own server, closed to everyone, from just after writes had stopped. Restoring
 * from it is a rename. Where none could be made, why: then the backup alone is the way back, and is said to be.
 */
export type Snapshot = MadeSnapshot | { made: false; why: string };

export interface MadeSnapshot {
  made: true;
  kind: SnapshotKindName;
  /** Name of the clone on the server. */
  database: string;
  /** How the server copied the files; `clone` shares them until they change. */
  method: 'clone' | 'file_copy';
  /** ISO 8601, by the worker's clock. */
  takenAt: string;
  seconds: number;
  bytes: number;
  /** SHA-256 over catalog and contents, 64 hexadecimal digits; taken again before the clone is used. */
  fingerprint: string;
  /** Rows by table. */
  counts: Record<string, number>;
  /** What PUBLIC may do on the database, and gets back when the clone takes its place. */
  publicPrivileges: string[];
  /** Properties that could not be carried over, with the command for a person. */
  notes: string[];
  /** ISO 8601; afterwards `backstep artifacts <service> --remove-expired` drops it. */
  keepUntil: string;
}
