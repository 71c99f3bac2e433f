import { allowConnections } from '../../postgres/fence.ts';
import type { Client } from '../../postgres/connect.ts';
import { databaseExists, swap } from '../../postgres/databases.ts';
import { leftWithFormer } from '../../postgres/replication.ts';
import { Failure } from '../../domain/failures.ts';
import { besideName } from '../../domain/names.ts';
import type { Plan } from '../../domain/plan/plan.ts';
import type { StepInput } from '../activity-function.ts';
import type { ActivityContext } from '../context.ts';
import { fromBackup } from './from-backup.ts';
import { fromPoint, type Source } from './from-point.ts';
import { assertAsBefore } from '../restored.ts';
import type { Restored } from './step.ts';

type Input = StepInput<'restore'>;

/**
 * Runbook, Emergency Database Restore, without its DROP DATABASE (law 7). Wanted: the database that is fenced off holds
 * what it held when writes stopped, and the failed one is kept under its own name. What takes its place is the
 * snapshot, where it stands and still has the fingerprint taken; otherwise a new database, filled from the
 * backup by a Job. The two are renamed in one transaction. Writes stay stopped. Known by looking: the record,
 * names of databases, fingerprint, counts, catalog, revision.
 *
 * @throws Failure RestoreFailed, BackupNotProved, WritesNotStopped, JobNotStarted, DatabaseRightMissing,
 *   OperationLost
 */
export async function restore(context: ActivityContext, input: Input): Promise<Restored> {
  const { operation, admin: asAdmin } = context.nonCancellable();
  const { database } = context.plan;
  const began = Date.now();
  const failed = besideName(database.name, 'failed', operation);
  const change = context.record.update;
  const record = await context.record.read();
  let restoring: Source = record.restoring ?? {
    from: 'backup',
    database: besideName(database.name, 'restored', operation),
    notes: [],
  };
  if (!(await asAdmin((admin) => swapped(admin, database.fencedName, failed, restoring.database)))) {
    await asAdmin((admin) => assertFenced(admin, database));
    const found = await fromPoint(context, record.snapshot ?? input.snapshot);
    restoring = 'database' in found ? found : await fromBackup(context, input.backup ?? record.backup, found);
    await change((found) => ({ ...found, restoring }));
    context.progress({ doing: `renames ${restoring.database} into place, and keeps the failed database` });
    await asAdmin((admin) =>
      swap(admin, [
        { from: database.fencedName, to: failed },
        { from: restoring.database, to: database.fencedName },
      ]),
    );
  }
  await asAdmin(async (admin) => {
    await allowConnections(admin, failed, true);
    await allowConnections(admin, database.fencedName, true);
  });
  await change((found) => {
    const { snapshot, ...rest } = found;
    const kept = rest.kept.includes(failed) ? rest.kept : [...rest.kept, failed];
    return { ...rest, ...(snapshot && snapshot.database !== restoring.database && { snapshot }), kept };
  });
  const { counts, revision } = await assertAsBefore(context, input.backup, database.fencedName);
  const notes = [...restoring.notes, ...(await asAdmin((admin) => leftWithFormer(admin, failed)))];
  for (const note of notes) context.log.warn(note);
  const seconds = (Date.now() - began) / 1_000;
  const { from } = restoring;
  return { kept: failed, counts, revision, seconds, from, ...(notes.length > 0 && { notes }) };
}

/** An earlier attempt may have renamed both and then died. */
async function swapped(admin: Client, fencedName: string, failed: string, source: string): Promise<boolean> {
  return (
    (await databaseExists(admin, failed)) &&
    (await databaseExists(admin, fencedName)) &&
    !(await databaseExists(admin, source))
  );
}

async function assertFenced(admin: Client, database: Plan['database']): Promise<void> {
  if (await databaseExists(admin, database.fencedName)) return;
  throw new Failure(
    'RestoreFailed',
    `Database ${database.name} is not fenced off under ${database.fencedName}: the application may be writing to it. Writes must be stopped first.`,
  );
}
