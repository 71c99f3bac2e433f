import { closeClone, openClone } from '../../postgres/clones.ts';
import type { Client } from '../../postgres/connect.ts';
import { databaseExists, oidOf } from '../../postgres/databases.ts';
import type { Backup } from '../../domain/backup.ts';
import { Failure } from '../../domain/failures.ts';
import type { Plan } from '../../domain/plan/plan.ts';
import type { OperationRecord } from '../../domain/record.ts';
import type { StepInput } from '../activity-function.ts';
import type { ActivityContext } from '../context.ts';
import { unequal } from '../restored.ts';

/** Which database is dumped. */
export interface DumpSource {
  database: string;
  /** A snapshot lets nobody in but while it is dumped. */
  closed: boolean;
  /** What a dump of it must hold. */
  counts: Record<string, number> | undefined;
  catalog?: string;
  fingerprint?: string;
  /** Time of what it holds, where that is not the dump's own. */
  takenAt?: string;
}

/**
 * The snapshot where the dump goes on beside the rollback, and wherever the downgrade may have moved the
 * database already; otherwise the database that is fenced off. Never that one in place of a snapshot that is gone:
 * a downgrade that moves data only leaves rows and catalog as they were, and its dump would pass for the state
 * before.
 *
 * @throws Failure BackupFailed where what is to be dumped is not there
 */
export async function sourceOf(
  admin: Client,
  { fencedName, name }: Pick<Plan['database'], 'fencedName' | 'name'>,
  { snapshot, fromSnapshot }: StepInput<'back-up'>,
  { frozen, pivotAt, swap }: OperationRecord,
): Promise<DumpSource> {
  // After a restore the database that is fenced off is again as it was, and a snapshot that is left may be damaged.
  const restored = swap !== undefined && (await oidOf(admin, fencedName)) === swap.restored.oid;
  if (fromSnapshot === true || (pivotAt !== undefined && !restored)) {
    if (snapshot?.made && (await databaseExists(admin, snapshot.database))) {
      const { database, counts, takenAt, fingerprint } = snapshot;
      return { database, closed: true, counts, takenAt, fingerprint };
    }
    const gone = snapshot?.made
      ? `The snapshot ${snapshot.database} is not there any more`
      : 'There is no snapshot';
    throw new Failure(
      'BackupFailed',
      `${gone}, and the downgrade may have moved ${fencedName} already: nothing on the server is known to hold ${name} as it was. Give a snapshot that was renamed its name back, then \`retry\`; or \`abort\`, and go on by hand.`,
    );
  }
  if (await databaseExists(admin, fencedName))
    return { database: fencedName, closed: false, counts: frozen?.counts, ...(frozen && catalogOf(frozen)) };
  throw new Failure('BackupFailed', `There is no database ${fencedName}: nothing holds ${name} as it was.`);
}

const catalogOf = ({ catalog }: NonNullable<OperationRecord['frozen']>) => ({ catalog });

/** Opens the source where it is closed, for as long as `use` runs. */
export async function whileReachable<T>(
  context: ActivityContext,
  { database, closed }: DumpSource,
  use: () => Promise<T>,
): Promise<T> {
  if (!closed) return use();
  await context.admin((admin) => openClone(admin, database));
  try {
    return await use();
  } finally {
    // Where only this worker goes, the Job goes on dumping, and another worker finds it.
    if (!context.signal.aborted || context.cancelRequested())
      await context.nonCancellable().admin((admin) => closeClone(admin, database));
  }
}

/**
 * Law 1: a backup of another state than the one to go back to is no way back.
 *
 * @throws Failure BackupNotProved with every table that differs
 */
export function ofTheFrozen(
  made: Pick<Backup, 'counts' | 'catalog' | 'fingerprint' | 'file'>,
  { database, counts, catalog, fingerprint }: DumpSource,
): void {
  const faults = counts === undefined ? [] : unequal(counts, made.counts);
  if (catalog !== undefined && catalog !== made.catalog) faults.push('the catalog is another one');
  if (fingerprint !== undefined && made.fingerprint !== undefined && fingerprint !== made.fingerprint)
    faults.push('the fingerprint of the contents is another one');
  if (faults.length === 0) return;
  throw new Failure(
    'BackupNotProved',
    `The dump ${made.file} of ${database} does not hold what was there when writes stopped: ${faults.slice(0, 20).join('; ')}.`,
  );
}
