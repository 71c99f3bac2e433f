import { readJob } from '../../kubernetes/own-job.ts';
import { allowConnections } from '../../postgres/fence.ts';
import type { Client } from '../../postgres/connect.ts';
import { createDatabase, databaseExists, dropDatabase, type Extension } from '../../postgres/databases.ts';
import type { Tried } from '../../domain/deeds.ts';
import { adminUrl, extensionAdminUrl } from '../connections.ts';
import type { Attempt, Dependencies } from '../dependencies.ts';
import { ownJobName } from '../own-program.ts';

/**
 * Makes a new, empty database like the one that is fenced off, with its extensions. Where the Job of this try is there
 * already, it is being filled or has been; what an earlier try left half-filled is made anew.
 *
 * @param of the step whose Job fills it, and its name
 */
export async function emptyBeside(
  dependencies: Dependencies,
  input: Tried,
  attempt: Attempt,
  of: {
    admin: Client;
    job: Parameters<typeof ownJobName>[1];
    name: string;
    extensions: readonly Extension[];
  },
): Promise<void> {
  const { operation, service, database } = input.plan;
  const { admin, job, name, extensions } = of;
  const found = await readJob(dependencies.cluster, service.namespace, ownJobName(input, job));
  if (found !== undefined && (await databaseExists(admin, name))) {
    // An attempt that died while it renamed has closed it.
    await allowConnections(admin, name, true);
    return;
  }
  attempt.progress({ doing: `creates database ${name}` });
  await dropDatabase(admin, name, operation);
  await createDatabase(admin, {
    name,
    like: database.fencedName,
    extensions,
    adminUrl: await adminUrl(dependencies, service),
    extensionAdminUrl: await extensionAdminUrl(dependencies, service),
    operation,
  });
}
