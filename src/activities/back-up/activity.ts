import { update } from '../../kubernetes/records.ts';
import type { BackUpArguments } from '../../dumps/manifest.ts';
import { closeClone } from '../../postgres/clones.ts';
import { withClient, type Client } from '../../postgres/connect.ts';
import type { Backup, Breach, ActivityInput } from '../../domain/deeds.ts';
import type { OperationRecord } from '../../domain/record.ts';
import { placeOf } from '../../domain/definition/backup.ts';
import { whyGone } from './check.ts';
import { proveByDrill } from './drill.ts';
import { ofTheFrozen, sourceOf, whileReachable, type DumpSource } from './source.ts';
import { adminUrl, jobSecret } from '../connections.ts';
import type { Attempt, Dependencies } from '../dependencies.ts';
import { ownProgram } from '../own-program.ts';
import { ownRecord } from '../own-record.ts';

type Input = ActivityInput<'back-up'>;

/**
 * Runbook, Step 2. Wanted: a dump of the database as it was when writes stopped, where the definition keeps dumps,
 * proved as far as the definition wants it. Jobs make and prove it; the record remembers it. Known by looking: a
 * backup of the record counts only where no writer has reached the database since, and it still has its SHA-256;
 * a new one only where it holds what the database held when writes stopped.
 *
 * @throws Failure BackupFailed, BackupNotProved, JobNotStarted, OperationLost
 */
export async function backUp(dependencies: Dependencies, input: Input, attempt: Attempt): Promise<Backup> {
  const { operation, database } = input.plan;
  const record = await ownRecord(dependencies, input.plan);
  const known = await stillGood(dependencies, input, attempt, record);
  if (known !== undefined) return known;
  const url = await adminUrl(dependencies, input.plan.service);
  const asAdmin = <T>(use: (admin: Client) => Promise<T>) => withClient(url, { operation }, use);
  const source = await asAdmin((admin) => sourceOf(admin, input, record));
  const made = await whileReachable(asAdmin, attempt, source, () =>
    dump(dependencies, input, attempt, source),
  );
  const read: Backup = {
    ...made,
    takenAt: source.takenAt ?? (await byOwnClock(dependencies, input, made.takenAt)),
  };
  ofTheFrozen(read, source);
  const wanted = input.plan.service.backup.proof;
  const proved = wanted === 'restore' ? await proveByDrill(dependencies, input, attempt, read) : read;
  // Whoever read it meanwhile left it open, since it might have been dumped still.
  if (source.closed) await asAdmin((admin) => closeClone(admin, source.database));
  const backup = { ...proved, takenAt: read.takenAt };
  await update(dependencies.cluster, dependencies.recordsNamespace, database, operation, (found) => ({
    ...found,
    backup,
  }));
  return backup;
}

async function dump(
  dependencies: Dependencies,
  input: Input,
  attempt: Attempt,
  source: DumpSource,
): Promise<Backup> {
  const { operation, service } = input.plan;
  const { format, jobs, compression, proof, keepFor, s3 } = service.backup;
  const secret = await jobSecret(dependencies, {
    operation,
    service,
    part: 'back-up',
    database: source.database,
  });
  const wanted: BackUpArguments = {
    service: service.service,
    operation,
    try: input.try,
    place: placeOf(service.backup),
    ...(s3?.prefix !== undefined && { prefix: s3.prefix }),
    format,
    jobs,
    compression,
    proof,
    keepFor,
  };
  const wish = { step: 'back-up', program: 'back-up', arguments: wanted, secret } as const;
  return ownProgram<Backup>(dependencies, input, attempt, wish, 'BackupFailed');
}

/** Breaches are timed by the worker's clock; so is the snapshot, whatever the server's clock says. */
async function byOwnClock(dependencies: Dependencies, { plan }: Input, takenAt: string): Promise<string> {
  const url = await adminUrl(dependencies, plan.service);
  return withClient(url, { operation: plan.operation }, async (client) => {
    const asked = Date.now();
    const { rows } = await client.query<{ now: Date }>('SELECT clock_timestamp() AS now');
    const ahead = (rows[0]?.now.getTime() ?? asked) - asked;
    // Rather too early than too late: a breach in between then counts as younger.
    return new Date(Date.parse(takenAt) - Math.max(ahead, 0)).toISOString();
  });
}

/** Whether nobody has reached the database since the snapshot. */
export const isYounger = (wayBack: { takenAt: string }, breaches: readonly Breach[]): boolean =>
  breaches.every(
    ({ at, reachedDatabase }) => !reachedDatabase || Date.parse(at) < Date.parse(wayBack.takenAt),
  );

/** The backup of the record, where it is of this state, proved as far as wanted, and still there. */
async function stillGood(
  dependencies: Dependencies,
  input: Input,
  attempt: Attempt,
  { backup, breaches }: OperationRecord,
): Promise<Backup | undefined> {
  if (backup === undefined || !isYounger(backup, breaches)) return undefined;
  if (input.plan.service.backup.proof === 'restore' && backup.proof !== 'restore') return undefined;
  const why = await whyGone(dependencies, input, attempt, backup, 'check');
  if (why === undefined) return backup;
  attempt.log.warn(`the backup of the record does not do: ${why}`);
  return undefined;
}
