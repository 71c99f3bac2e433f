import type { Client } from '../postgres/connect.ts';
import { Failure } from '../domain/failures.ts';
import type { OperationId } from '../domain/names.ts';
import type { MadeSnapshot } from '../domain/snapshot.ts';

/**
 * A way to keep a database as it was, on its own server. A kind is its name in `domain/definition/snapshot.ts`, its
 * file beside this one, and a line in `index.ts`. Each snapshot lies on the server as a database that lets nobody in,
 * `MadeSnapshot.database`, which dumps and rehearsals are made from.
 */
export interface SnapshotKind {
  /**
   * Makes one, and reads all of it. One of that name, half-made by an attempt that died, is made anew.
   *
   * @throws SnapshotRefused; Failure DatabaseUnreachable, DatabaseRightMissing, DatabaseInvalid, WritesNotStopped
   */
  make(server: Server, wanted: WantedSnapshot): Promise<Taken>;
  /**
   * Reads one again before it is relied on (law 1).
   *
   * @returns why it is no way back: it is gone, cannot be read, or holds something else; undefined where it is one
   * @throws Failure DatabaseUnreachable and others that may mend by themselves
   */
  whyUnusable(
    server: Server,
    snapshot: MadeSnapshot,
    options?: {
      /** It may be being dumped meanwhile, by a session that must not be ended. */
      staysOpen?: boolean;
    },
  ): Promise<string | undefined>;
  /**
   * Readies it to take the place of the database. Once it has, it is a database as any other, and a snapshot no more.
   *
   * @returns the name under which it lies on the server until then
   */
  asDatabase(server: Server, snapshot: MadeSnapshot): Promise<string>;
  /** Makes an open database of it, and leaves it as it is. What an earlier attempt left under the name is dropped. */
  copyTo(server: Server, snapshot: MadeSnapshot, name: string): Promise<void>;
  /** Ends the making of the one of that name, and drops what there is of it; none is fine. */
  drop(server: Server, name: string): Promise<void>;
}

/** The server of the database, for one operation; an activity's context is one. */
export interface Server {
  operation: OperationId;
  signal: AbortSignal;
  /** URL of the maintenance role. */
  adminUrl: () => Promise<string>;
  admin: <T>(use: (admin: Client) => Promise<T>) => Promise<T>;
  progress: (now: { doing: string }) => void;
  log: { warn: (message: string) => void };
}

export interface WantedSnapshot {
  /** Name of the database, which is fenced off. */
  of: string;
  /** Name that the snapshot gets. */
  name: string;
  /** Milliseconds that making and reading it may take. */
  within: number;
}

/** A new snapshot, and what was read in it besides. */
export interface Taken {
  snapshot: Omit<MadeSnapshot, 'keepUntil'>;
  /** Hash of the catalog, to be compared with the one from when writes stopped. */
  catalog: string | undefined;
}

/** None can be made for a reason that trying again would not mend: too little space or time, no right. */
export class SnapshotRefused extends Failure {
  constructor(message: string, options?: ErrorOptions) {
    super('SnapshotFailed', message, {}, options);
  }
}
