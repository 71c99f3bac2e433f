import type { Restored } from './step.ts';
import { siblingName } from '../../domain/names.ts';
import type { StepInput } from '../activity-function.ts';
import type { ActivityContext } from '../context.ts';
import { fromBackup } from './from-backup.ts';
import { fromPoint, type Source } from './from-point.ts';
import { assertAsBefore } from '../restored.ts';
import { assertFenced, failedName, isInPlace, swapIntoPlace } from '../swap-into-place.ts';

type Input = StepInput<'restore'>;

/**
 * Runbook, Emergency Database Restore, without its DROP DATABASE (law 7). Wanted: the fenced database holds what it
 * held when writes stopped, and the failed one is kept under a name of its own. What takes its place is the snapshot,
 * where it stands and still has the fingerprint taken; otherwise a new database, filled from the backup by a Job.
 * Known by looking: the record, names of databases, fingerprint, counts, catalog, revision.
 *
 * @throws Failure RestoreFailed, BackupNotProved, WritesNotStopped, JobNotStarted, DatabaseRightMissing,
 *   OperationLost
 */
export async function restore(context: ActivityContext, input: Input): Promise<Restored> {
  const { plan, record: access } = context;
  const { database } = plan;
  const began = Date.now();
  const record = await access.read();
  let restoring: Source = record.restoring ?? {
    from: 'backup',
    database: siblingName(database.name, 'restored', plan.operation),
    notes: [],
  };
  if (!(await isInPlace(context, restoring.database))) {
    await assertFenced(context);
    const found = await fromPoint(context, record.snapshot ?? input.snapshot);
    restoring = 'database' in found ? found : await fromBackup(context, input.backup ?? record.backup, found);
    await access.update((now) => ({ ...now, restoring }));
  }
  const left = await swapIntoPlace(context, restoring.database);
  const { counts, revision } = await assertAsBefore(context, input.backup, database.fencedName);
  const notes = [...restoring.notes, ...left];
  for (const note of notes) context.log.warn(note);
  return {
    failedDatabase: failedName(plan),
    counts,
    revision,
    seconds: (Date.now() - began) / 1_000,
    from: restoring.from,
    notes,
  };
}
