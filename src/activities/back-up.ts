import { readRecord, update } from '../kubernetes/records.ts';
import type { BackUpArguments, CheckArguments } from '../jobs/manifest.ts';
import { withClient } from '../postgres/connect.ts';
import type { Backup, Breach, DeedInput } from '../runbook/deeds.ts';
import { Failure } from '../runbook/failures.ts';
import { adminUrl, jobSecret } from './connections.ts';
import type { Attempt, Means } from './means.ts';
import { ownProgram } from './own-program.ts';

/**
 * Runbook, Step 2. Wanted: a dump of the database as it is now on the backup volume, read back in full, with
 * the rows of every table. A Job makes and proves it; the record remembers it. Known by looking: a backup of
 * the record counts only where no writer has reached the database since, and the file still has its SHA-256.
 *
 * @throws Failure BackupFailed, BackupNotProved, JobNotStarted, OperationLost
 */
export async function backUp(means: Means, input: DeedInput<'back-up'>, attempt: Attempt): Promise<Backup> {
  const { operation, service, database } = input.plan;
  const { record } = await readRecord(means.cluster, means.recordsNamespace, database);
  if (record?.operation !== operation) {
    throw new Failure('OperationLost', `The record of ${database.name} is not of ${operation} any more.`);
  }
  if (record.backup !== undefined && isYounger(record.backup, record.breaches)) {
    if (await stillThere(means, input, attempt, record.backup)) return record.backup;
  }
  const secret = await jobSecret(means, { operation, service, part: 'back-up', database: database.aside });
  const wanted: BackUpArguments = {
    service: service.service,
    operation,
    try: input.try,
    claim: service.backup.claim,
  };
  const made = await ownProgram<Backup>(
    means,
    input,
    attempt,
    { step: 'back-up', program: 'back-up', arguments: wanted, secret },
    'BackupFailed',
  );
  const backup = { ...made, takenAt: await byOwnClock(means, input, made.takenAt) };
  await update(means.cluster, means.recordsNamespace, database, operation, (found) => ({ ...found, backup }));
  return backup;
}

/** Breaches are timed by the worker's clock; so is the snapshot, whatever the server's clock says. */
async function byOwnClock(means: Means, { plan }: DeedInput<'back-up'>, takenAt: string): Promise<string> {
  const url = await adminUrl(means, plan.service);
  return withClient(url, { operation: plan.operation }, async (client) => {
    const asked = Date.now();
    const { rows } = await client.query<{ now: Date }>('SELECT clock_timestamp() AS now');
    const ahead = (rows[0]?.now.getTime() ?? asked) - asked;
    // Rather too early than too late: a breach in between then counts as younger.
    return new Date(Date.parse(takenAt) - Math.max(ahead, 0)).toISOString();
  });
}

/** Whether nobody has reached the database since the snapshot. */
export const isYounger = (backup: Backup, breaches: readonly Breach[]): boolean =>
  breaches.every(
    ({ at, reachedDatabase }) => !reachedDatabase || Date.parse(at) < Date.parse(backup.takenAt),
  );

async function stillThere(
  means: Means,
  input: DeedInput<'back-up'>,
  attempt: Attempt,
  { file, sha256, claim }: Backup,
): Promise<boolean> {
  if (claim !== input.plan.service.backup.claim) return false;
  const wanted: CheckArguments = { operation: input.plan.operation, file, sha256 };
  try {
    await ownProgram(
      means,
      input,
      attempt,
      { step: 'back-up', program: 'check', part: 'check', arguments: wanted },
      'BackupNotProved',
    );
    return true;
  } catch (error) {
    if (!(error instanceof Failure) || error.type !== 'BackupNotProved') throw error;
    attempt.log.warn(`the backup of the record does not do: ${error.message}`);
    return false;
  }
}
