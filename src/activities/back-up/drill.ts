import { restoreArguments } from '../../dumps/manifest.ts';
import { readJob } from '../../kubernetes/own-job.ts';
import { withClient } from '../../postgres/connect.ts';
import { createDatabase, databaseExists, dropDatabase } from '../../postgres/databases.ts';
import type { Backup, ActivityInput } from '../../domain/deeds.ts';
import { Failure } from '../../domain/failures.ts';
import { besideName } from '../../domain/names.ts';
import { adminUrl, extensionAdminUrl, jobSecret } from '../connections.ts';
import type { Attempt, Dependencies } from '../dependencies.ts';
import { ownJobName, ownProgram } from '../own-program.ts';
import { tooBig } from '../snapshot/budget.ts';

const job = { step: 'back-up', program: 'drill', part: 'drill' } as const;

/**
 * The restore drill: a scratch database is filled from the dump and compared with what the dump's snapshot held,
 * by a Job; then it is dropped, whatever came out.
 *
 * @throws Failure BackupNotProved where it differs, cannot be restored, or there is no room; DatabaseRightMissing,
 *   JobNotStarted
 */
export async function proveByDrill(
  dependencies: Dependencies,
  input: ActivityInput<'back-up'>,
  attempt: Attempt,
  backup: Backup,
): Promise<Backup> {
  const { operation, service, database } = input.plan;
  const scratch = besideName(database.name, 'drill', operation);
  const url = await adminUrl(dependencies, service);
  const extensions = await extensionAdminUrl(dependencies, service);
  const found = await readJob(dependencies.cluster, service.namespace, ownJobName(input, job));
  await withClient(url, { operation }, async (admin) => {
    if (found !== undefined && (await databaseExists(admin, scratch))) return;
    attempt.progress({ doing: `creates scratch database ${scratch} for the restore drill` });
    await dropDatabase(admin, scratch, operation);
    // A backup that is proved at the end: the application runs again, on the database under its own name.
    const like = (await databaseExists(admin, database.fencedName)) ? database.fencedName : database.name;
    const why = await tooBig(url, { service, operation, database: { ...database, fencedName: like } });
    if (why !== undefined)
      throw new Failure('BackupNotProved', `There is no room for a restore drill: ${why}.`);
    await createDatabase(admin, {
      name: scratch,
      like,
      extensions: backup.installed ?? [],
      adminUrl: url,
      extensionAdminUrl: extensions,
      operation,
    });
  });
  try {
    const secret = await jobSecret(dependencies, { operation, service, part: 'drill', database: scratch });
    const wish = { ...job, arguments: restoreArguments(service, operation, backup), secret };
    return await ownProgram<Backup>(dependencies, input, attempt, wish, 'BackupNotProved');
  } finally {
    // Where only this worker goes, the Job goes on, and another worker finds it and its database.
    if (!attempt.signal.aborted || attempt.cancelRequested())
      await withClient(url, { operation }, (admin) => dropDatabase(admin, scratch, operation));
  }
}
