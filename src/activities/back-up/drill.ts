import { restoreArguments } from '../../dumps/manifest.ts';
import { readJob } from '../../kubernetes/backstep-job.ts';
import { createDatabase, databaseExists, dropDatabase } from '../../postgres/databases.ts';
import type { Backup } from '../../domain/backup.ts';
import { Failure } from '../../domain/failures.ts';
import { siblingName } from '../../domain/names.ts';
import type { ActivityContext } from '../context.ts';
import { programJobName } from '../jobs.ts';
import { tooBig } from '../free-space.ts';

const job = { step: 'back-up', part: 'drill', orElse: 'BackupNotProved' } as const;

/**
 * The restore drill: a scratch database is filled from the dump and compared with what the dump's snapshot held,
 * by a Job; then it is dropped, whatever came out.
 *
 * @throws Failure BackupNotProved where it differs, cannot be restored, or there is no room; DatabaseRightMissing,
 *   JobNotStarted
 */
export async function proveByDrill(context: ActivityContext, backup: Backup): Promise<Backup> {
  const { cluster, operation, service } = context;
  const { database } = context.plan;
  const scratch = siblingName(database.name, 'drill', operation);
  const found = await readJob(cluster, service.namespace, programJobName(context, job));
  await context.admin(async (admin) => {
    if (found !== undefined && (await databaseExists(admin, scratch))) return;
    context.progress({ doing: `creates scratch database ${scratch} for the restore drill` });
    await dropDatabase(admin, scratch, operation);
    // A backup that is proved at the end: the application runs again, on the database under its own name.
    const like = (await databaseExists(admin, database.fencedName)) ? database.fencedName : database.name;
    const why = await tooBig(context, like);
    if (why !== undefined)
      throw new Failure('BackupNotProved', `There is no room for a restore drill: ${why}.`);
    await createDatabase(admin, {
      name: scratch,
      like,
      extensions: backup.installed,
      adminUrl: await context.adminUrl(),
      extensionAdminUrl: await context.extensionAdminUrl(),
      operation,
    });
  });
  try {
    return await context.runJob('drill', restoreArguments(service, operation, backup), {
      ...job,
      databases: { database: scratch },
    });
  } finally {
    // Where only this worker goes, the Job goes on, and another worker finds it and its database.
    if (!context.signal.aborted || context.cancelRequested())
      await context.nonCancellable().admin((admin) => dropDatabase(admin, scratch, operation));
  }
}
