import { pause } from '../../kubernetes/pause.ts';
import { endJobs, runningJobs, stopStarting } from '../../kubernetes/writers.ts';
import { raise, state } from '../../postgres/fence.ts';
import type { Client } from '../../postgres/connect.ts';
import { endSessions, foreignSessions, describeSession } from '../../postgres/sessions.ts';
import { Failure } from '../../domain/failures.ts';
import { withNewPauses, type Pause } from '../../domain/plan/pauses.ts';
import type { OperationRecord, Breach } from '../../domain/record.ts';
import type { ActivityContext } from '../context.ts';
import { migratingPauses, pauseInCluster, pauseInDatabase } from '../pauses.ts';
import { writersOf } from '../writers.ts';
import type { GuardedWrites } from './step.ts';

const every = 1_000;
/** The record is one ConfigMap of at most 1 MiB. */
const keptBreaches = 100;

/**
 * The last ones, and always the newest that reached the database: by that one a way back is too old, however often
 * an owner scales its workload up again meanwhile (laws 1 and 3).
 */
export function newest(breaches: readonly Breach[]): Breach[] {
  const last = breaches.slice(-keptBreaches);
  const reaching = breaches.findLast(({ reachedDatabase }) => reachedDatabase);
  return reaching === undefined || last.includes(reaching) ? last : [reaching, ...last.slice(1)];
}

/**
 * Wanted, from the stop to the start of the application: what was stopped stays so. Looks each second, stops
 * what came back, and writes every breach to the record, where `downgrade` reads whether one of them reached
 * the database. A hold may last days: what cannot be asked right now is asked again.
 *
 * @returns the breaches seen, once the workflow asks for the end, or the record says that writes go on
 * @throws Failure OperationLost; on a mere shutdown of the worker the signal's reason, so that another goes on
 */
export async function guardWrites(context: ActivityContext): Promise<GuardedWrites> {
  const { signal } = context;
  const breaches: Breach[] = [];
  const notify = breachRecorder(context, breaches);
  for (;;) {
    try {
      const record = await stillWanted(context);
      if (record === undefined) return await seenInAll(context, breaches);
      await look(context, record.stopped.paused, notify);
      context.progress({ doing: 'looks each second whether a writer came back', done: breaches.length });
      await pause(every, signal);
    } catch (error) {
      if (signal.aborted) {
        if (context.cancelRequested()) return await seenInAll(context, breaches);
        throw signal.reason;
      }
      if (error instanceof Failure && error.type === 'OperationLost') throw error;
      const text = `could not look whether writes are still stopped: ${String(error)}`;
      context.log.warn(text);
      context.progress({ doing: text });
      await pause(every, signal).catch(() => undefined);
    }
  }
}

/** The record knows what earlier attempts saw, too; where it cannot be read, this one's own must do. */
async function seenInAll(context: ActivityContext, own: readonly Breach[]): Promise<GuardedWrites> {
  const record = await context.record.find().catch(() => undefined);
  return { breaches: newest(record?.operation === context.operation ? record.breaches : own) };
}

/** Before anything is stopped: an attempt that the workflow has lost sight of must not fight what comes after. */
async function stillWanted(context: ActivityContext): Promise<OperationRecord | undefined> {
  const { operation, plan } = context;
  const record = await context.record.find();
  if (record?.operation === operation) return record.writes === 'resumed' ? undefined : record;
  const holder = record === undefined ? 'is closed' : `is operation ${record.operation}'s now`;
  throw new Failure('OperationLost', `The record of ${operation} on ${plan.database.name} ${holder}.`);
}

interface Seen {
  what: string;
  reachedDatabase: boolean;
  /** It stays until a person removes it, and is told once. */
  lasts?: boolean;
}
type RecordBreaches = (seen: Seen[]) => Promise<void>;

/** Writes what was seen to the record; what could not be written is kept for the next time. */
function breachRecorder({ record, log }: ActivityContext, told: Breach[]): RecordBreaches {
  const lasting = new Set<string>();
  let pending: Breach[] = [];
  return async (seen) => {
    const at = new Date().toISOString();
    for (const { what, reachedDatabase, lasts } of seen) {
      if (lasts === true && lasting.has(what)) continue;
      if (lasts === true) lasting.add(what);
      log.warn(`came back while writes are stopped: ${what}`);
      pending.push({ at, what, reachedDatabase });
    }
    if (pending.length === 0) return;
    const written = pending;
    await record.update((now) => ({
      ...now,
      breaches: newest([...now.breaches, ...written]),
    }));
    pending = pending.filter((breach) => !written.includes(breach));
    told.push(...written);
  };
}

/** Stops what came back. Every part is looked at, whatever fails; then the first failure is thrown. */
async function look(
  context: ActivityContext,
  paused: readonly Pause[],
  notify: RecordBreaches,
): Promise<void> {
  const { cluster } = context;
  const writers = writersOf(context.plan);
  const [restarted, jobs, resumed, migrating, sessions] = await Promise.allSettled([
    stopStarting(cluster, writers),
    runningJobs(cluster, writers).then((found) => endJobs(cluster, found, 0)),
    pauseInCluster(cluster, paused),
    suspendMigrations(context),
    lookAtDatabase(context, paused, notify),
  ]);
  const came = [
    ...(restarted.status === 'fulfilled' ? restarted.value : []),
    ...(jobs.status === 'fulfilled' ? jobs.value.map((name) => `Job ${name} was running`) : []),
    ...(resumed.status === 'fulfilled' ? resumed.value : []),
    ...(migrating.status === 'fulfilled' ? migrating.value : []),
  ];
  await notify(came.map((what) => ({ what, reachedDatabase: false })));
  for (const result of [restarted, jobs, resumed, migrating, sessions])
    if (result.status === 'rejected') throw result.reason;
}

/** Law 4: a migration that somebody starts meanwhile is written down before it is suspended. */
async function suspendMigrations(context: ActivityContext): Promise<string[]> {
  const { cluster, record } = context;
  const found = await migratingPauses(context);
  if (found.length === 0) return [];
  await record.update((now) => ({
    ...now,
    stopped: { ...now.stopped, paused: withNewPauses(now.stopped.paused, found) },
  }));
  await pauseInCluster(cluster, found);
  return found.map(({ what }) => `${what}, which migrates, was running`);
}

/** A session is written down before it is ended: a crash in between must not hide that it was there. */
async function lookAtDatabase(
  context: ActivityContext,
  paused: readonly Pause[],
  notify: RecordBreaches,
): Promise<void> {
  const { operation, signal } = context;
  const { database } = context.plan;
  const lookOnce = async (admin: Client) => {
    const found = await state(admin, database);
    const sessions = await foreignSessions(admin, database.fencedName, operation);
    const seen: Seen[] = sessions.map((session) => ({
      what: `a session on ${database.fencedName}: ${describeSession(session)}`,
      reachedDatabase: true,
    }));
    if (found === 'occupied') {
      const what = `somebody made a database ${database.name} while ${database.fencedName} was fenced off; writes may go there`;
      seen.push({ what, reachedDatabase: false, lasts: true });
    }
    if (found === 'down')
      seen.push({ what: `the fence of ${database.name} was lowered`, reachedDatabase: true });
    await notify(seen);
    if (sessions.length > 0) await endSessions(admin, database.fencedName, operation);
    if (found === 'down') await raise(admin, database, { signal });
  };
  await context.admin(lookOnce, { statementTimeout: 5_000 });
  const resumed = await pauseInDatabase(context, paused, database.fencedName);
  // A subscription writes by itself, without anybody's session.
  await notify(resumed.map((what) => ({ what, reachedDatabase: true })));
}
