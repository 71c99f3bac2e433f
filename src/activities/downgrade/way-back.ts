import type { DeedInput } from '../../domain/deeds.ts';
import { Failure } from '../../domain/failures.ts';
import type { OperationRecord } from '../../domain/record.ts';
import { whyGone } from '../back-up/check.ts';
import { adminUrl } from '../connections.ts';
import type { Attempt, Means } from '../means.ts';
import { whyUnusable } from '../snapshot/proof.ts';

/**
 * Law 1: the gate may have been open for days, in which somebody can have dropped a database or cleared a volume.
 * So a way back is looked at once more: the restore point is read; only where it does not do, a Job reads the dump.
 *
 * @throws Failure BackupNotProved where none is there any more
 */
export async function wayBackStands(
  means: Means,
  { plan, try: tried, waysBack: { point, backup } }: DeedInput<'downgrade'>,
  record: OperationRecord,
  attempt: Attempt,
): Promise<void> {
  const { service, operation } = plan;
  const missing: string[] = [];
  if (point.made) {
    attempt.progress({ doing: `reads the restore point ${point.database} once more` });
    // The backup that comes later is dumped from it; once that is done it is of the same moment.
    const staysOpen = backup === undefined && record.backup?.takenAt !== point.takenAt;
    const asking = { operation, signal: attempt.signal, staysOpen };
    const why = await whyUnusable(await adminUrl(means, service), point, asking);
    if (why === undefined) return;
    missing.push(`restore point ${point.database}: ${why}`);
  }
  if (backup !== undefined) {
    attempt.progress({ doing: `checks the dump ${backup.file} once more` });
    const why = await whyGone(means, { plan, try: tried }, attempt, backup, 'before-downgrade');
    if (why === undefined) {
      for (const what of missing) attempt.log.warn(`the backup alone is the way back: ${what}`);
      return;
    }
    missing.push(`backup: ${why}`);
  }
  throw new Failure(
    'BackupNotProved',
    `Nothing was moved, for no way back is left: ${missing.join('; ')}. Bring one back and \`retry\`; or \`abort\` and start again, which makes new ones.`,
  );
}
