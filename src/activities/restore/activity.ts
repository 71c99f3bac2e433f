import type { Restored } from './step.ts';
import type { Swap } from '../../domain/record.ts';
import type { StepInput } from '../activity-function.ts';
import type { ActivityContext } from '../context.ts';
import { fromBackup } from './from-backup.ts';
import { fromSnapshot } from './from-snapshot.ts';
import { assertAsBefore } from '../restored.ts';
import { assertFenced, isInPlace, planSwap, swapIntoPlace } from '../swap-into-place.ts';

type Input = StepInput<'restore'>;

/**
 * Runbook, Emergency Database Restore, without its DROP DATABASE (law 7). Wanted: the fenced database holds what it
 * held when writes stopped, and the failed one is kept under a name of its own. What takes its place is the snapshot,
 * where it stands and still has the fingerprint taken; otherwise a new database, filled from the backup by a Job.
 * Known by looking: the record, OIDs of databases, fingerprint, counts, catalog, revision.
 *
 * @throws Failure RestoreFailed, BackupNotProved, WritesNotStopped, JobNotStarted, DatabaseRightMissing,
 *   OperationLost
 */
export async function restore(context: ActivityContext, input: Input): Promise<Restored> {
  const { plan, record: access } = context;
  const began = Date.now();
  const record = await access.read();
  const before = record.swap;
  const swap = before !== undefined && (await isInPlace(context, before)) ? before : await made();
  const left = await swapIntoPlace(context, swap);
  const { counts, revision } = await assertAsBefore(context, input.backup, plan.database.fencedName);
  const notes = [...swap.notes, ...left];
  for (const note of notes) context.log.warn(note);
  return {
    failedDatabase: swap.failed.name,
    counts,
    revision,
    seconds: (Date.now() - began) / 1_000,
    from: swap.from === 'snapshot' ? swap.from : 'backup',
    notes,
  };

  async function made(): Promise<Swap> {
    await assertFenced(context);
    const found = await fromSnapshot(context, record.snapshot ?? input.snapshot);
    const { database, from, notes } =
      'database' in found ? found : await fromBackup(context, input.backup ?? record.backup, found);
    return { ...(await planSwap(context, database)), from, notes };
  }
}
