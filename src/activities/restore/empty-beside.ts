import { readJob } from '../../kubernetes/own-job.ts';
import { allowConnections } from '../../postgres/fence.ts';
import { createDatabase, databaseExists, dropDatabase, type Extension } from '../../postgres/databases.ts';
import type { ActivityContext } from '../context.ts';
import { programJobName, type ProgramJob } from '../jobs.ts';

/**
 * Makes a new, empty database like the one that is fenced off, with its extensions. Where the Job of this try is there
 * already, it is being filled or has been; what an earlier try left half-filled is made anew.
 *
 * @param of.step whose Job fills it
 */
export async function emptyBeside(
  context: ActivityContext,
  { step, name, extensions }: Pick<ProgramJob, 'step'> & { name: string; extensions: readonly Extension[] },
): Promise<void> {
  const { cluster, service, operation, plan } = context;
  const found = await readJob(cluster, service.namespace, programJobName(context, { step }));
  await context.admin(async (admin) => {
    if (found !== undefined && (await databaseExists(admin, name))) {
      // An attempt that died while it renamed has closed it.
      await allowConnections(admin, name, true);
      return;
    }
    context.progress({ doing: `creates database ${name}` });
    await dropDatabase(admin, name, operation);
    await createDatabase(admin, {
      name,
      like: plan.database.fencedName,
      extensions,
      adminUrl: await context.adminUrl(),
      extensionAdminUrl: await context.extensionAdminUrl(),
      operation,
    });
  });
}
