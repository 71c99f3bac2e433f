import type { BackUpArguments } from '../../dumps/manifest.ts';
import { closeClone } from '../../postgres/clones.ts';
import { isYounger, type OperationRecord } from '../../domain/record.ts';
import { pathIn, placeOf } from '../../domain/definition/dump-place.ts';
import { whyGone } from '../dump-check.ts';
import { proveByDrill } from './drill.ts';
import { ofTheFrozen, sourceOf, whileReachable } from './source.ts';
import type { StepInput } from '../activity-function.ts';
import type { ActivityContext } from '../context.ts';
import type { Backup } from '../../domain/backup.ts';

type Input = StepInput<'back-up'>;

/**
 * Runbook, Step 2. Wanted: a dump of the database as it was when writes stopped, where the definition keeps dumps,
 * proved as far as the definition wants it. Jobs make and prove it; the record remembers it. Known by looking: a
 * backup of the record counts only where no writer has reached the database since, and it still has its SHA-256;
 * a new one only where it holds what the database held when writes stopped.
 *
 * @throws Failure BackupFailed, BackupNotProved, JobNotStarted, OperationLost
 */
export async function backUp(context: ActivityContext, input: Input): Promise<Backup> {
  const record = await context.record.read();
  const known = await stillGood(context, record);
  if (known !== undefined) return known;
  const source = await context.admin((admin) => sourceOf(admin, context.plan.database, input, record));
  const made = await whileReachable(context, source, () => dump(context, source.database));
  const read: Backup = { ...made, takenAt: source.takenAt ?? (await byOwnClock(context, made.takenAt)) };
  ofTheFrozen(read, source);
  const proved = context.service.backup.proof === 'restore' ? await proveByDrill(context, read) : read;
  // Whoever read it meanwhile left it open, since it might have been dumped still.
  if (source.closed) await context.nonCancellable().admin((admin) => closeClone(admin, source.database));
  const backup = { ...proved, takenAt: read.takenAt };
  await context.record.update((found) => ({ ...found, backup }));
  return backup;
}

async function dump(context: ActivityContext, database: string): Promise<Backup> {
  const { operation, service } = context;
  const { format, jobs, compression, proof, keepFor } = service.backup;
  const place = placeOf(service.backup);
  const wanted: BackUpArguments = {
    service: service.service,
    operation,
    try: context.try,
    place,
    directory: pathIn(place, service.service),
    format,
    jobs,
    compression,
    proof,
    keepFor,
  };
  return context.runJob('back-up', wanted, {
    step: 'back-up',
    databases: { database },
    orElse: 'BackupFailed',
  });
}

/** Breaches are timed by the worker's clock; so is the snapshot, whatever the server's clock says. */
async function byOwnClock({ admin }: ActivityContext, takenAt: string): Promise<string> {
  return admin(async (client) => {
    const asked = Date.now();
    const { rows } = await client.query<{ now: Date }>('SELECT clock_timestamp() AS now');
    const ahead = (rows[0]?.now.getTime() ?? asked) - asked;
    // Rather too early than too late: a breach in between then counts as younger.
    return new Date(Date.parse(takenAt) - Math.max(ahead, 0)).toISOString();
  });
}

/** The backup of the record, where it is of this state, proved as far as wanted, and still there. */
async function stillGood(
  context: ActivityContext,
  { backup, breaches }: OperationRecord,
): Promise<Backup | undefined> {
  if (backup === undefined || !isYounger(backup, breaches)) return undefined;
  if (context.service.backup.proof === 'restore' && backup.proof !== 'restore') return undefined;
  const why = await whyGone(context, backup, 'check');
  if (why === undefined) return backup;
  context.log.warn(`the backup of the record does not do: ${why}`);
  return undefined;
}
