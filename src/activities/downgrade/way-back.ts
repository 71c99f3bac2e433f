import type { ActivityInput } from '../../domain/deeds.ts';
import { Failure } from '../../domain/failures.ts';
import type { OperationRecord } from '../../domain/record.ts';
import { whyGone } from '../back-up/check.ts';
import { adminUrl } from '../connections.ts';
import type { Attempt, Dependencies } from '../dependencies.ts';
import { whyUnusable } from '../snapshot/proof.ts';

/**
 * Law 1: the gate may have been open for days, in which somebody can have dropped a database or cleared a volume.
 * So a way back is looked at once more: the snapshot is read; only where it does not do, a Job reads the dump.
 *
 * @throws Failure BackupNotProved where none is there any more
 */
export async function wayBackStands(
  dependencies: Dependencies,
  { plan, try: tried, waysBack: { snapshot, backup } }: ActivityInput<'downgrade'>,
  record: OperationRecord,
  attempt: Attempt,
): Promise<void> {
  const { service, operation } = plan;
  const missing: string[] = [];
  if (snapshot.made) {
    attempt.progress({ doing: `reads the snapshot ${snapshot.database} once more` });
    // The backup that comes later is dumped from it; once that is done it is of the same moment.
    const staysOpen = backup === undefined && record.backup?.takenAt !== snapshot.takenAt;
    const asking = { operation, signal: attempt.signal, staysOpen };
    const why = await whyUnusable(await adminUrl(dependencies, service), snapshot, asking);
    if (why === undefined) return;
    missing.push(`snapshot ${snapshot.database}: ${why}`);
  }
  if (backup !== undefined) {
    attempt.progress({ doing: `checks the dump ${backup.file} once more` });
    const why = await whyGone(dependencies, { plan, try: tried }, attempt, backup, 'before-downgrade');
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
