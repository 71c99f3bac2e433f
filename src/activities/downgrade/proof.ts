import { Failure } from '../../domain/failures.ts';
import { shortHash } from '../../domain/plan/hash.ts';
import { isYounger, verifiedAgainst, type OperationRecord } from '../../domain/record.ts';
import type { StepInput } from '../activity-function.ts';
import type { ActivityContext } from '../context.ts';
import { approvedAtDowngrade } from './step.ts';

type Input = StepInput<'downgrade'>;

/**
 * Law 1 and law 5: a proven way back of this very database, and an approval of this very plan. The backup must
 * be proved already unless the definition lets it come later and the snapshot stands.
 */
export async function proven(
  { plan, record: own }: ActivityContext,
  { waysBack, approved }: Input,
): Promise<OperationRecord> {
  const { snapshot, backup } = waysBack;
  const record = await own.read();
  const { frozen } = record;
  if (backup !== undefined && record.backup?.sha256 !== backup.sha256) {
    throw new Failure(
      'BackupNotProved',
      `The record of ${plan.operation} does not hold the backup ${backup.file}.`,
    );
  }
  const mayComeLater = plan.service.backup.proveBefore !== 'downgrade' && snapshot.made;
  if (frozen === undefined || (backup === undefined && !mayComeLater)) {
    throw new Failure('BackupNotProved', `The record of ${plan.operation} holds no proven backup.`);
  }
  if (snapshot.made && record.snapshot?.fingerprint !== snapshot.fingerprint) {
    throw new Failure(
      'BackupNotProved',
      `The record of ${plan.operation} does not hold ${snapshot.database}.`,
    );
  }
  const stopped = { ...waysBack.stopped, counts: verifiedAgainst(record, frozen).counts };
  const hash = shortHash(approvedAtDowngrade(plan, { ...waysBack, stopped }));
  if (approved !== hash) {
    throw new Failure('NotApproved', `The gate let ${approved || 'nothing'} pass; this is ${hash}.`);
  }
  return record;
}

/** What was written after the last way back was made would be lost without one. */
export function nobodyWrote({ waysBack: { snapshot, backup } }: Input, { breaches }: OperationRecord): void {
  const made = [...(snapshot.made ? [snapshot] : []), ...(backup ? [backup] : [])];
  if (made.every((each) => isYounger(each, breaches))) return;
  const last = breaches.findLast(({ reachedDatabase }) => reachedDatabase);
  const text = 'Somebody reached the database after a way back was made';
  throw new Failure('WritesCameBack', `${text}: ${last?.what ?? 'unknown'} at ${last?.at ?? 'unknown'}.`);
}

/** @throws Failure WritesNotStopped where others can reach the database by its name */
export async function assertFenced({ plan: { database }, fence }: ActivityContext): Promise<void> {
  const found = await fence.state();
  if (found !== 'up') {
    const text = `The database ${database.name} is not fenced off as ${database.fencedName} (the fence is ${found})`;
    throw new Failure('WritesNotStopped', `${text}: others may write.`);
  }
}
