import type { RestoreArguments, RestoreResult } from '../jobs/manifest.ts';
import { update } from '../kubernetes/records.ts';
import { readJob } from '../kubernetes/own-job.ts';
import { allowConnections } from '../postgres/barrier.ts';
import { withClient, type Client } from '../postgres/connect.ts';
import { createDatabase, databaseExists, dropDatabase, swap } from '../postgres/databases.ts';
import { carryOver } from '../postgres/properties.ts';
import type { DeedInput, Restored } from '../runbook/deeds.ts';
import { Failure } from '../runbook/failures.ts';
import { besideName } from '../runbook/names.ts';
import { adminUrl, extensionAdminUrl, jobSecret } from './connections.ts';
import type { Attempt, Means } from './means.ts';
import { ownJobName, ownProgram } from './own-program.ts';
import { assertAsBefore } from './restored.ts';

type Input = DeedInput<'restore'>;

const job = { step: 'restore', program: 'restore' } as const;

/**
 * Runbook, Emergency Database Restore, without its DROP DATABASE (law 7). Wanted: the database that is aside
 * holds what the backup holds, and the failed one is kept under its own name. A new database is filled beside
 * it by a Job, compared with the backup and with what was there when writes stopped, and the two are renamed
 * in one transaction. Writes stay stopped. Known by looking: names of databases, counts, catalog, revision.
 *
 * @throws Failure RestoreFailed, BackupNotProved, WritesNotStopped, JobNotStarted, DatabaseRightMissing,
 *   OperationLost
 */
export async function restore(means: Means, input: Input, attempt: Attempt): Promise<Restored> {
  const { operation, service, database } = input.plan;
  const began = Date.now();
  const restored = besideName(database.name, 'restored', operation);
  const failed = besideName(database.name, 'failed', operation);
  const url = await adminUrl(means, service);
  const asAdmin = <T>(use: (admin: Client) => Promise<T>) => withClient(url, { operation }, use);
  const notes: string[] = [];
  if (!(await asAdmin((admin) => swapped(admin, { aside: database.aside, restored, failed })))) {
    await asAdmin((admin) => prepare(means, input, attempt, admin, restored));
    await fill(means, input, attempt, restored);
    attempt.progress({ doing: 'compares the restored database with what was there when writes stopped' });
    await assertAsBefore(means, input, restored);
    attempt.progress({ doing: 'renames the restored database into place, and keeps the failed one' });
    await asAdmin(async (admin) => {
      notes.push(...(await carryOver(admin, database.aside, restored)));
      await swap(admin, [
        { from: database.aside, to: failed },
        { from: restored, to: database.aside },
      ]);
    });
  }
  await asAdmin(async (admin) => {
    await allowConnections(admin, failed, true);
    await allowConnections(admin, database.aside, true);
  });
  await update(means.cluster, means.recordsNamespace, database, operation, (record) =>
    record.kept.includes(failed) ? record : { ...record, kept: [...record.kept, failed] },
  );
  const { counts, revision } = await assertAsBefore(means, input, database.aside);
  for (const note of notes) attempt.log.warn(note);
  const seconds = (Date.now() - began) / 1_000;
  return { kept: failed, counts, revision, seconds, ...(notes.length > 0 && { notes }) };
}

/** An earlier attempt may have renamed both and then died. */
async function swapped(
  admin: Client,
  names: { aside: string; restored: string; failed: string },
): Promise<boolean> {
  return (
    (await databaseExists(admin, names.failed)) &&
    (await databaseExists(admin, names.aside)) &&
    !(await databaseExists(admin, names.restored))
  );
}

/**
 * Makes the new, empty database with its extensions. Where the Job of this try is there already, it is being
 * filled or has been; what an earlier try left half-filled is made anew.
 */
async function prepare(
  means: Means,
  input: Input,
  attempt: Attempt,
  admin: Client,
  restored: string,
): Promise<void> {
  const { plan, backup } = input;
  const { operation, service, database } = plan;
  if (!(await databaseExists(admin, database.aside))) {
    throw new Failure(
      'RestoreFailed',
      `Database ${database.name} is not aside under ${database.aside}: the application may be writing to it. Writes must be stopped first.`,
    );
  }
  const found = await readJob(means.cluster, service.namespace, ownJobName(input, job));
  if (found !== undefined && (await databaseExists(admin, restored))) return;
  attempt.progress({ doing: `creates database ${restored}` });
  await dropDatabase(admin, restored, operation);
  await createDatabase(admin, {
    name: restored,
    like: database.aside,
    extensions: backup.installed ?? backup.extensions.map((name) => ({ name })),
    adminUrl: await adminUrl(means, service),
    extensionAdminUrl: await extensionAdminUrl(means, service),
    operation,
  });
}

/** Fills it by a Job, which also compares it with the schema in the backup's manifest. */
async function fill(means: Means, input: Input, attempt: Attempt, restored: string): Promise<void> {
  const { operation, service } = input.plan;
  const { file, sha256, manifest, counts } = input.backup;
  const secret = await jobSecret(means, { operation, service, part: 'restore', database: restored });
  const wanted: RestoreArguments = { operation, file, sha256, manifest, counts };
  const wish = { ...job, arguments: wanted, secret };
  const { differences } = await ownProgram<RestoreResult>(means, input, attempt, wish, 'RestoreFailed');
  if (differences.length === 0) return;
  throw new Failure(
    'RestoreFailed',
    `The restored database has another schema than the one backed up: ${differences.slice(0, 20).join('; ')}.`,
  );
}
