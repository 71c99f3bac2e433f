import { restoreArguments } from '../dumps/manifest.ts';
import { readJob } from '../kubernetes/backstep-job.ts';
import { allowConnections } from '../postgres/fence.ts';
import { createDatabase, databaseExists, dropDatabase, type Extension } from '../postgres/databases.ts';
import type { Backup } from '../domain/backup.ts';
import { Failure } from '../domain/failures.ts';
import type { ActivityContext } from './context.ts';
import { programJobName } from './jobs.ts';

/** The steps that fill a new database by a Job. */
type Filling = 'restore' | 'restore-new-database';

/**
 * Makes a new, empty database like the fenced one, with its extensions. Where the Job of this try is there already,
 * it is being filled or has been; what an earlier try left half-filled is made anew.
 *
 * @param of.step whose Job fills it
 */
export async function makeNewDatabase(
  context: ActivityContext,
  { step, name, extensions }: { step: Filling; name: string; extensions: readonly Extension[] },
): Promise<void> {
  const { cluster, service, operation, plan } = context;
  const found = await readJob(cluster, service.namespace, programJobName(context, { step }));
  const [adminUrl, extensionAdminUrl] = [await context.adminUrl(), await context.extensionAdminUrl()];
  await context.admin(async (admin) => {
    if (found !== undefined && (await databaseExists(admin, name))) {
      // An attempt that died while it renamed has closed it.
      await allowConnections(admin, name, true);
      return;
    }
    context.progress({ doing: `creates database ${name}` });
    await dropDatabase(admin, name, operation);
    const like = plan.database.fencedName;
    await createDatabase(admin, { name, like, extensions, adminUrl, extensionAdminUrl, operation });
  });
}

/**
 * Fills it from a backup by a Job, which also compares it with the schema in the backup's manifest.
 *
 * @throws Failure RestoreFailed, BackupNotProved, JobNotStarted
 */
export async function fillFromBackup(
  context: ActivityContext,
  { step, name, backup }: { step: Filling; name: string; backup: Backup },
): Promise<void> {
  const args = restoreArguments(context.service, context.operation, backup);
  const { differences } = await context.runJob('restore', args, {
    step,
    databases: { database: name },
    orElse: 'RestoreFailed',
  });
  if (differences.length === 0) return;
  throw new Failure(
    'RestoreFailed',
    `The restored database has another schema than the one backed up: ${differences.slice(0, 20).join('; ')}.`,
  );
}
