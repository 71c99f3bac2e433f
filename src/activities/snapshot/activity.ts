import { update } from '../../kubernetes/records.ts';
import { CloneRefused, cloneDatabase, endCloning, withOpenClone } from '../../postgres/clones.ts';
import { withClient } from '../../postgres/connect.ts';
import { damageIn } from '../../postgres/damage.ts';
import { databaseExists, dropDatabase } from '../../postgres/databases.ts';
import { fingerprint } from '../../postgres/fingerprint.ts';
import type { DeedInput } from '../../domain/deeds.ts';
import { Failure, failures } from '../../domain/failures.ts';
import { besideName } from '../../domain/names.ts';
import type { OperationRecord } from '../../domain/record.ts';
import type { MadeRestorePoint, RestorePoint } from '../../domain/snapshot.ts';
import { isYounger } from '../back-up/activity.ts';
import { adminUrl } from '../connections.ts';
import type { Attempt, Means } from '../means.ts';
import { ownRecord } from '../own-record.ts';
import { differs, tooBig } from './budget.ts';
import { whyUnusable } from './proof.ts';
import { duration, named } from '../../domain/text.ts';

type Input = DeedInput<'restore-point'>;

/**
 * Wanted, before anything is changed: a clone of the database that is aside, closed to everyone, with the rows and
 * the catalog from when writes stopped, and its fingerprint in the record. Where policy, space, time or rights
 * forbid it: none, and why. Known by looking: the point of the record counts only while nobody has reached the
 * database since, and its fingerprint is still the one taken. A clone that no record names is half-made, by an
 * attempt that died: it is dropped and made anew.
 *
 * @throws Failure OperationLost, RestorePointFailed (the clone holds something else than the database held when
 *   writes stopped), DatabaseUnreachable
 */
export async function restorePoint(means: Means, input: Input, attempt: Attempt): Promise<RestorePoint> {
  const { operation, service } = input.plan;
  const record = await ownRecord(means, input.plan);
  const url = await adminUrl(means, service);
  if (record.point !== undefined) {
    attempt.progress({ doing: `reads the restore point ${record.point.database} again` });
    const why = isYounger(record.point, record.breaches)
      ? await whyUnusable(url, record.point, { operation, signal: attempt.signal })
      : 'somebody has reached the database since';
    if (why === undefined) return record.point;
    attempt.log.warn(`the restore point ${record.point.database} does not do: ${why}`);
    await forget(means, input, record.point);
  }
  const refused =
    service.restorePoint.use === 'never'
      ? 'the definition says restorePoint.use: never'
      : record.pivotAt !== undefined
        ? 'the downgrade had begun already, so that a clone would not be the database from before'
        : (unreadable(record) ?? (await tooBig(url, input.plan)));
  if (refused !== undefined) return notMade(refused, attempt);
  try {
    return await make(means, input, attempt, record, url);
  } catch (error) {
    // Where only this worker ends, another goes on and finds what there is.
    if (attempt.signal.aborted && !attempt.cancelRequested()) throw error;
    await withClient(url, { operation }, async (admin) => {
      await endCloning(admin, operation, nameOf(input));
      await dropDatabase(admin, nameOf(input), operation);
    });
    attempt.signal.throwIfAborted();
    const damaged = input.plan.kind === 'emergency-restore' && damageIn(error) !== undefined;
    const told =
      error instanceof CloneRefused || (error instanceof Failure && (damaged || !mustBeThrown(error)));
    if (!told) throw error;
    return notMade(error.message, attempt);
  }
}

const nameOf = ({ plan }: Input) => besideName(plan.database.name, 'point', plan.operation);

/** What cannot be read has no fingerprint. The database itself is kept by whatever takes its place. */
const unreadable = ({ frozen }: OperationRecord): string | undefined =>
  frozen?.unreadable && `the database is damaged: ${named(frozen.unreadable)} cannot be read`;

const mustBeThrown = ({ type }: Failure) =>
  failures[type].retry || type === 'OperationLost' || type === 'RestorePointFailed';

function notMade(why: string, attempt: Attempt): RestorePoint {
  attempt.log.warn(`NO RESTORE POINT, the backup alone is the way back: ${why}`);
  return { made: false, why };
}

/** One of an operation that was taken up stays on the server; one of this operation's own gives way to the next. */
async function forget(means: Means, input: Input, { database: old }: MadeRestorePoint): Promise<void> {
  const { database, operation } = input.plan;
  await update(means.cluster, means.recordsNamespace, database, operation, (found) => {
    const { point, ...rest } = found;
    if (point?.database !== old) return found;
    return { ...rest, kept: old === nameOf(input) ? rest.kept : [...rest.kept, old] };
  });
}

async function make(
  means: Means,
  input: Input,
  attempt: Attempt,
  { frozen }: OperationRecord,
  url: string,
): Promise<MadeRestorePoint> {
  const { operation, service, database } = input.plan;
  const { signal } = attempt;
  const { within, keepFor } = service.restorePoint;
  const point = nameOf(input);
  await withClient(url, { operation, signal }, async (admin) => {
    await endCloning(admin, operation, point);
    if (!(await databaseExists(admin, point))) return;
    attempt.log.warn(`${point} is half-made, by an attempt that died: it is made anew`);
    await dropDatabase(admin, point, operation);
  });
  const began = Date.now();
  attempt.progress({ doing: `clones ${database.aside} to ${point}` });
  const cloned = await cloneDatabase(url, {
    from: database.aside,
    to: point,
    operation,
    sourceStays: 'open',
    within,
    signal,
  });
  const left = AbortSignal.timeout(Math.max(1, within - (Date.now() - began)));
  const reading = { database: point, operation, signal: AbortSignal.any([signal, left]) };
  const found = await withOpenClone(url, reading, (client) =>
    fingerprint(client, {
      onTable: (key, done, of) =>
        attempt.progress({ doing: `reads ${point}: ${key} (${done + 1} of ${of})` }),
    }),
  ).catch((error: unknown) => {
    if (!left.aborted || signal.aborted) throw error;
    throw new CloneRefused(`cloning and reading the clone took longer than ${duration(within)}`);
  });
  const faults = frozen ? differs(frozen, found) : ['the record does not say what was there'];
  if (faults.length > 0) {
    throw new Failure(
      'RestorePointFailed',
      `The clone is not what the database was when writes stopped: ${faults.slice(0, 20).join('; ')}.`,
    );
  }
  const made: MadeRestorePoint = {
    made: true,
    database: point,
    method: cloned.method,
    takenAt: new Date(began).toISOString(),
    seconds: (Date.now() - began) / 1_000,
    bytes: cloned.bytes,
    fingerprint: found.sha256,
    counts: found.counts,
    publicPrivileges: cloned.publicPrivileges,
    ...(cloned.notes.length > 0 && { notes: cloned.notes }),
    keepUntil: new Date(began + keepFor).toISOString(),
  };
  await update(means.cluster, means.recordsNamespace, database, operation, (record) => ({
    ...record,
    point: made,
  }));
  return made;
}
