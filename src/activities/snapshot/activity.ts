import { damageIn } from '../../postgres/damage.ts';
import { Failure, failures } from '../../domain/failures.ts';
import { siblingName } from '../../domain/names.ts';
import type { Plan } from '../../domain/plan/plan.ts';
import { isYounger, type Frozen, type OperationRecord } from '../../domain/record.ts';
import type { MadeSnapshot, Snapshot } from '../../domain/snapshot.ts';
import { named } from '../../domain/text.ts';
import { snapshotKind } from '../../snapshots/index.ts';
import { SnapshotRefused, type Taken } from '../../snapshots/kind.ts';
import type { ActivityContext } from '../context.ts';
import { tooBig } from '../free-space.ts';
import { unequal } from '../restored.ts';

/**
 * Wanted, before anything is changed: a snapshot of the database that is fenced off, closed to everyone, with the rows
 * and the catalog from when writes stopped, and its fingerprint in the record. Where policy, space, time or rights
 * forbid it: none, and why. Known by looking: the snapshot of the record counts only while nobody has reached the
 * database since, and its fingerprint is still the one taken. One that no record names is half-made, by an
 * attempt that died: it is dropped and made anew.
 *
 * @throws Failure OperationLost, SnapshotFailed (it holds something else than the database held when
 *   writes stopped), DatabaseUnreachable
 */
export async function takeSnapshot(context: ActivityContext): Promise<Snapshot> {
  const { plan, service, signal } = context;
  const record = await context.record.read();
  if (record.snapshot !== undefined) {
    context.progress({ doing: `reads the snapshot ${record.snapshot.database} again` });
    const why = isYounger(record.snapshot, record.breaches)
      ? await snapshotKind(record.snapshot).whyUnusable(context, record.snapshot)
      : 'somebody has reached the database since';
    if (why === undefined) return record.snapshot;
    context.log.warn(`the snapshot ${record.snapshot.database} does not do: ${why}`);
    await forget(context, record.snapshot);
  }
  const refused =
    service.snapshot.use === 'never'
      ? 'the definition says snapshot.use: never'
      : record.pivotAt !== undefined
        ? 'the downgrade had begun already, so that a snapshot would not be the database from before'
        : (unreadable(record) ?? (await tooBig(context, plan.database.fencedName)));
  if (refused !== undefined) return notMade(context, refused);
  try {
    return await make(context, record);
  } catch (error) {
    // Where only this worker ends, another goes on and finds what there is.
    if (signal.aborted && !context.cancelRequested()) throw error;
    await snapshotKind(service.snapshot).drop(context.nonCancellable(), nameOf(plan));
    signal.throwIfAborted();
    const damaged = plan.kind === 'emergency-restore' && damageIn(error) !== undefined;
    const told =
      error instanceof SnapshotRefused || (error instanceof Failure && (damaged || !mustBeThrown(error)));
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
  log.warn(`NO SNAPSHOT, the backup alone is the way back: ${why}`);
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
  const { database } = context.plan;
  const { kind, within, keepFor } = context.service.snapshot;
  const wanted = { of: database.fencedName, name: nameOf(context.plan), within };
  const taken = await snapshotKind({ kind }).make(context, wanted);
  const faults = frozen ? differs(frozen, taken) : ['the record does not say what was there'];
  if (faults.length > 0) {
    throw new Failure(
      'SnapshotFailed',
      `The snapshot is not what the database was when writes stopped: ${faults.slice(0, 20).join('; ')}.`,
    );
  }
  const keepUntil = new Date(Date.parse(taken.snapshot.takenAt) + keepFor).toISOString();
  const made: MadeSnapshot = { ...taken.snapshot, keepUntil };
  await context.record.update((record) => ({ ...record, snapshot: made }));
  return made;
}

/** What differs between the database when writes stopped and a new snapshot, in words. */
const differs = (frozen: Frozen, { snapshot: { counts }, catalog }: Taken): string[] => [
  ...unequal(frozen.counts, counts),
  ...(catalog === frozen.catalog ? [] : ['the catalog is not the one from when writes stopped']),
];
