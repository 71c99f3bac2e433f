import { readRecord } from '../../kubernetes/records.ts';
import { state } from '../../postgres/barrier.ts';
import { withClient } from '../../postgres/connect.ts';
import { approvedAtDowngrade } from '../../runbook/approved.ts';
import type { DeedInput } from '../../runbook/deeds.ts';
import { Failure } from '../../runbook/failures.ts';
import { shortHash } from '../../runbook/hash.ts';
import type { Plan } from '../../runbook/plan.ts';
import type { OperationRecord } from '../../runbook/record.ts';
import { isYounger } from '../back-up.ts';
import { adminUrl } from '../connections.ts';
import type { Means } from '../means.ts';

type Input = DeedInput<'downgrade'>;

/** Law 1 and law 5: a proven way back of this very database, and an approval of this very plan. */
export async function proven(means: Means, { plan, backup, approved }: Input): Promise<OperationRecord> {
  const { record } = await readRecord(means.cluster, means.recordsNamespace, plan.database);
  if (record?.operation !== plan.operation) {
    throw new Failure(
      'OperationLost',
      `The record of ${plan.database.name} is not of ${plan.operation} any more.`,
    );
  }
  const { frozen } = record;
  if (frozen === undefined || record.backup?.sha256 !== backup.sha256) {
    throw new Failure(
      'BackupNotProved',
      `The record of ${plan.operation} does not hold the backup ${backup.file}.`,
    );
  }
  const hash = shortHash(approvedAtDowngrade(plan, backup, frozen.counts));
  if (approved !== hash) {
    throw new Failure('NotApproved', `The gate let ${approved || 'nothing'} pass; this is ${hash}.`);
  }
  return record;
}

/** What was written after the backup would be lost without a way back. */
export function nobodyWrote({ backup }: Input, { breaches }: OperationRecord): void {
  if (isYounger(backup, breaches)) return;
  const last = breaches.findLast(({ reachedDatabase }) => reachedDatabase);
  const words = `Somebody reached the database after the backup of ${backup.takenAt}`;
  throw new Failure('WritesCameBack', `${words}: ${last?.what ?? 'unknown'} at ${last?.at ?? 'unknown'}.`);
}

export async function barrierStands(means: Means, { service, database, operation }: Plan): Promise<void> {
  const url = await adminUrl(means, service);
  const found = await withClient(url, { operation }, (admin) => state(admin, database));
  if (found !== 'up') {
    const words = `The database ${database.name} is not aside as ${database.aside} (the barrier is ${found})`;
    throw new Failure('WritesNotStopped', `${words}: others may write.`);
  }
}
