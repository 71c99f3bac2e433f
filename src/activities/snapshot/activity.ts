import { CloneRefused, cloneDatabase, endCloning, withOpenClone } from '../../postgres/clones.ts';
import { damageIn } from '../../postgres/damage.ts';
import { databaseExists, dropDatabase } from '../../postgres/databases.ts';
import { fingerprint, type Fingerprint } from '../../postgres/fingerprint.ts';
import { defined } from '../../domain/defined.ts';
import { Failure, failures } from '../../domain/failures.ts';
import { siblingName } from '../../domain/names.ts';
import type { Plan } from '../../domain/plan/plan.ts';
import { isYounger, type Frozen, type OperationRecord } from '../../domain/record.ts';
import type { MadeSnapshot, Snapshot } from '../../domain/snapshot.ts';
import type { ActivityContext } from '../context.ts';
import { tooBig } from '../free-space.ts';
import { unequal } from '../restored.ts';
import { whyUnusable } from '../way-back-checks.ts';
import { duration, named } from '../../domain/text.ts';

/**
 * Wanted, before anything is changed: a clone of the database that is fenced off, closed to everyone, with the rows and
 * the catalog from when writes stopped, and its fingerprint in the record. Where policy, space, time or rights
 * forbid it: none, and why. Known by looking: the point of the record counts only while nobody has reached the
 * database since, and its fingerprint is still the one taken. A clone that no record names is half-made, by an
 * attempt that died: it is dropped and made anew.
 *
 * @throws Failure OperationLost, SnapshotFailed (the clone holds something else than the database held when
 *   writes stopped), DatabaseUnreachable
 */
export async function takeSnapshot(context: ActivityContext): Promise<Snapshot> {
  const { operation, plan, service, signal } = context;
  const record = await context.record.read();
  if (record.snapshot !== undefined) {
    context.progress({ doing: `reads the snapshot ${record.snapshot.database} again` });
    const why = isYounger(record.snapshot, record.breaches)
      ? await whyUnusable(await context.adminUrl(), record.snapshot, context)
      : 'somebody has reached the database since';
    if (why === undefined) return record.snapshot;
    context.log.warn(`the snapshot ${record.snapshot.database} does not do: ${why}`);
    await forget(context, record.snapshot);
  }
  const refused =
    service.snapshot.use === 'never'
      ? 'the definition says snapshot.use: never'
      : record.pivotAt !== undefined
        ? 'the downgrade had begun already, so that a clone would not be the database from before'
        : (unreadable(record) ?? (await tooBig(context, plan.database.fencedName)));
  if (refused !== undefined) return notMade(context, refused);
  try {
    return await make(context, record);
  } catch (error) {
    // Where only this worker ends, another goes on and finds what there is.
    if (signal.aborted && !context.cancelRequested()) throw error;
    await context.nonCancellable().admin(async (admin) => {
      await endCloning(admin, operation, nameOf(plan));
      await dropDatabase(admin, nameOf(plan), operation);
    });
    signal.throwIfAborted();
    const damaged = plan.kind === 'emergency-restore' && damageIn(error) !== undefined;
    const told =
      error instanceof CloneRefused || (error instanceof Failure && (damaged || !mustBeThrown(error)));
    if (!told) throw error;
    return notMade(context, error.message);
  }
}

const nameOf = ({ database, operation }: Plan) => siblingName(database.name, 'snapshot', operation);

/** What cannot be read has no fingerprint. The database itself is kept by whatever takes its place. */
const unreadable = ({ frozen }: OperationRecord): string | undefined =>
  frozen?.unreadable && `the database is damaged: ${named(frozen.unreadable)} cannot be read`;

const mustBeThrown = ({ type }: Failure) =>
  failures[type].retry || type === 'OperationLost' || type === 'SnapshotFailed';

function notMade({ log }: ActivityContext, why: string): Snapshot {
  log.warn(`NO RESTORE POINT, the backup alone is the way back: ${why}`);
  return { made: false, why };
}

/** One of an operation that was taken up stays on the server; one of this operation's own gives way to the next. */
async function forget({ plan, record }: ActivityContext, { database: old }: MadeSnapshot): Promise<void> {
  await record.update((found) => {
    const { snapshot, ...rest } = found;
    if (snapshot?.database !== old) return found;
    return { ...rest, artifacts: old === nameOf(plan) ? rest.artifacts : [...rest.artifacts, old] };
  });
}

async function make(context: ActivityContext, { frozen }: OperationRecord): Promise<MadeSnapshot> {
  const { operation, plan, signal } = context;
  const { database } = plan;
  const { within, keepFor } = context.service.snapshot;
  const snapshot = nameOf(plan);
  const url = await context.adminUrl();
  await context.admin(async (admin) => {
    await endCloning(admin, operation, snapshot);
    if (!(await databaseExists(admin, snapshot))) return;
    context.log.warn(`${snapshot} is half-made, by an attempt that died: it is made anew`);
    await dropDatabase(admin, snapshot, operation);
  });
  const began = Date.now();
  context.progress({ doing: `clones ${database.fencedName} to ${snapshot}` });
  const cloned = await cloneDatabase(url, {
    from: database.fencedName,
    to: snapshot,
    operation,
    sourceStays: 'open',
    within,
    signal,
  });
  const left = AbortSignal.timeout(Math.max(1, within - (Date.now() - began)));
  const reading = { database: snapshot, operation, signal: AbortSignal.any([signal, left]) };
  const found = await withOpenClone(url, reading, (client) =>
    fingerprint(client, {
      onTable: (key, done, of) =>
        context.progress({ doing: `reads ${snapshot}: ${key} (${done + 1} of ${of})` }),
    }),
  ).catch((error: unknown) => {
    if (!left.aborted || signal.aborted) throw error;
    throw new CloneRefused(`cloning and reading the clone took longer than ${duration(within)}`);
  });
  const faults = frozen ? differs(frozen, found) : ['the record does not say what was there'];
  if (faults.length > 0) {
    throw new Failure(
      'SnapshotFailed',
      `The clone is not what the database was when writes stopped: ${faults.slice(0, 20).join('; ')}.`,
    );
  }
  const made: MadeSnapshot = {
    made: true,
    database: snapshot,
    method: cloned.method,
    takenAt: new Date(began).toISOString(),
    seconds: (Date.now() - began) / 1_000,
    bytes: cloned.bytes,
    fingerprint: found.sha256,
    counts: found.counts,
    publicPrivileges: cloned.publicPrivileges,
    ...defined({ notes: cloned.notes.length > 0 ? cloned.notes : undefined }),
    keepUntil: new Date(began + keepFor).toISOString(),
  };
  await context.record.update((record) => ({ ...record, snapshot: made }));
  return made;
}

/** What differs between the database when writes stopped and its clone, in words. */
const differs = (frozen: Frozen, { counts, parts }: Pick<Fingerprint, 'counts' | 'parts'>): string[] => [
  ...unequal(frozen.counts, counts),
  ...(parts['catalog'] === frozen.catalog ? [] : ['the catalog is not the one from when writes stopped']),
];
