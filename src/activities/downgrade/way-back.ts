import { Failure } from '../../domain/failures.ts';
import type { OperationRecord } from '../../domain/record.ts';
import { whyGone } from '../dump-check.ts';
import type { StepInput } from '../activity-function.ts';
import type { ActivityContext } from '../context.ts';
import { snapshotKind } from '../../snapshots/index.ts';

/**
 * Law 1: the gate may have been open for days, in which somebody can have dropped a database or cleared a volume.
 * So a way back is looked at once more: the snapshot is read; only where it does not do, a Job reads the dump.
 *
 * @throws Failure BackupNotProved where none is there any more
 */
export async function wayBackStands(
  context: ActivityContext,
  { waysBack: { snapshot, backup } }: Pick<StepInput<'downgrade'>, 'waysBack'>,
  record: OperationRecord,
): Promise<void> {
  const missing: string[] = [];
  if (snapshot.made) {
    context.progress({ doing: `reads the snapshot ${snapshot.database} once more` });
    // The backup that comes later is dumped from it; once that is done it is of the same moment.
    const staysOpen = backup === undefined && record.backup?.takenAt !== snapshot.takenAt;
    const why = await snapshotKind(snapshot).whyUnusable(context, snapshot, { staysOpen });
    if (why === undefined) return;
    missing.push(`snapshot ${snapshot.database}: ${why}`);
  }
  if (backup !== undefined) {
    context.progress({ doing: `checks the dump ${backup.file} once more` });
    const why = await whyGone(context, backup, 'before-downgrade');
    if (why === undefined) {
      for (const what of missing) context.log.warn(`the backup alone is the way back: ${what}`);
      return;
    }
    missing.push(`backup: ${why}`);
  }
  throw new Failure(
    'BackupNotProved',
    `Nothing was moved, for no way back is left: ${missing.join('; ')}. Bring one back and \`retry\`; or \`abort\` and start again, which makes new ones.`,
  );
}
