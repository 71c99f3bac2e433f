import type { Snapshot } from '../../domain/snapshot.ts';
import type { ActivityContext } from '../context.ts';
import { snapshotKind } from '../../snapshots/index.ts';

/** What takes the place of the database that is fenced off, and what a person must know of it or do. */
export interface Source {
  from: 'snapshot' | 'backup';
  database: string;
  notes: string[];
}

/** Why there is no snapshot to restore from; `made` where there was one. */
export interface NoSnapshot {
  whyNot: string;
  made: boolean;
}

/**
 * The snapshot, ready to take the place of the database that is fenced off. It is read again first: what somebody
 * changed meanwhile is left as it is, and said.
 *
 * @returns why there is none that does
 */
export async function fromSnapshot(
  context: ActivityContext,
  snapshot: Snapshot,
): Promise<Source | NoSnapshot> {
  if (!snapshot.made) return { whyNot: `none was made (${snapshot.why})`, made: false };
  context.progress({ doing: `reads the snapshot ${snapshot.database} again` });
  const kind = snapshotKind(snapshot);
  const why = await kind.whyUnusable(context, snapshot);
  if (why !== undefined) return { whyNot: `${snapshot.database} does not do: ${why}`, made: true };
  const database = await kind.asDatabase(context, snapshot);
  return { from: 'snapshot', database, notes: snapshot.notes };
}
