import { update } from '../../kubernetes/records.ts';
import { allowConnections } from '../../postgres/fence.ts';
import { withClient, type Client } from '../../postgres/connect.ts';
import { databaseExists, swap } from '../../postgres/databases.ts';
import { leftWithFormer } from '../../postgres/replication.ts';
import type { DeedInput, Restored } from '../../domain/deeds.ts';
import { Failure } from '../../domain/failures.ts';
import { besideName } from '../../domain/names.ts';
import type { OperationRecord } from '../../domain/record.ts';
import { adminUrl } from '../connections.ts';
import type { Attempt, Means } from '../means.ts';
import { ownRecord } from '../own-record.ts';
import { fromBackup } from './from-backup.ts';
import { fromPoint, type Source } from './from-point.ts';
import { assertAsBefore } from '../restored.ts';

type Input = DeedInput<'restore'>;

/**
 * Runbook, Emergency Database Restore, without its DROP DATABASE (law 7). Wanted: the database that is aside holds
 * what it held when writes stopped, and the failed one is kept under its own name. What takes its place is the
 * restore point, where it stands and still has the fingerprint taken; otherwise a new database, filled from the
 * backup by a Job. The two are renamed in one transaction. Writes stay stopped. Known by looking: the record,
 * names of databases, fingerprint, counts, catalog, revision.
 *
 * @throws Failure RestoreFailed, BackupNotProved, WritesNotStopped, JobNotStarted, DatabaseRightMissing,
 *   OperationLost
 */
export async function restore(means: Means, input: Input, attempt: Attempt): Promise<Restored> {
  const { operation, service, database } = input.plan;
  const began = Date.now();
  const failed = besideName(database.name, 'failed', operation);
  const url = await adminUrl(means, service);
  const asAdmin = <T>(use: (admin: Client) => Promise<T>) => withClient(url, { operation }, use);
  const change = (to: (record: OperationRecord) => OperationRecord) =>
    update(means.cluster, means.recordsNamespace, database, operation, to);
  const record = await ownRecord(means, input.plan);
  let restoring: Source = record.restoring ?? {
    from: 'backup',
    database: besideName(database.name, 'restored', operation),
    notes: [],
  };
  if (!(await asAdmin((admin) => swapped(admin, database.aside, failed, restoring.database)))) {
    await asAdmin((admin) => assertAside(admin, input));
    const wanted = { means, input, attempt, record };
    const found = await fromPoint(wanted);
    restoring = 'database' in found ? found : await fromBackup(wanted, found.whyNot);
    await change((found) => ({ ...found, restoring }));
    attempt.progress({ doing: `renames ${restoring.database} into place, and keeps the failed database` });
    await asAdmin((admin) =>
      swap(admin, [
        { from: database.aside, to: failed },
        { from: restoring.database, to: database.aside },
      ]),
    );
  }
  await asAdmin(async (admin) => {
    await allowConnections(admin, failed, true);
    await allowConnections(admin, database.aside, true);
  });
  await change((found) => {
    const { point, ...rest } = found;
    const kept = rest.kept.includes(failed) ? rest.kept : [...rest.kept, failed];
    return { ...rest, ...(point && point.database !== restoring.database && { point }), kept };
  });
  const { counts, revision } = await assertAsBefore(means, input, database.aside);
  const notes = [...restoring.notes, ...(await asAdmin((admin) => leftWithFormer(admin, failed)))];
  for (const note of notes) attempt.log.warn(note);
  const seconds = (Date.now() - began) / 1_000;
  const { from } = restoring;
  return { kept: failed, counts, revision, seconds, from, ...(notes.length > 0 && { notes }) };
}

/** An earlier attempt may have renamed both and then died. */
async function swapped(admin: Client, aside: string, failed: string, source: string): Promise<boolean> {
  return (
    (await databaseExists(admin, failed)) &&
    (await databaseExists(admin, aside)) &&
    !(await databaseExists(admin, source))
  );
}

async function assertAside(admin: Client, { plan: { database } }: Input): Promise<void> {
  if (await databaseExists(admin, database.aside)) return;
  throw new Failure(
    'RestoreFailed',
    `Database ${database.name} is not aside under ${database.aside}: the application may be writing to it. Writes must be stopped first.`,
  );
}
