import { deleteJobWholly, operationJobs } from '../../kubernetes/job-removal.ts';
import { nameOf } from '../../kubernetes/pods.ts';
import { withClient, type Client } from '../../postgres/connect.ts';
import { dropDatabase } from '../../postgres/databases.ts';
import { besideName, madeBeside, type OperationId } from '../../domain/names.ts';
import type { Plan } from '../../domain/plan/plan.ts';
import { adminUrl, removeJobSecrets } from '../connections.ts';
import type { Attempt, Dependencies } from '../dependencies.ts';

/** Under which names a rehearsal makes databases of its own. */
export const rehearsedIn = (name: string, operation: OperationId): string[] => [
  besideName(name, 'rehearsal', operation),
  besideName(`live_${name}`, 'scratch', operation),
  besideName(name, 'scratch', operation),
  besideName(`before_${name}`, 'scratch', operation),
];

/**
 * Removes what rehearsals of this database left that were killed. There is no record, so no rollback needs any of
 * it; and the workflow ID lets one rehearsal run at a time.
 */
export async function removeLeftovers(
  dependencies: Dependencies,
  plan: Plan,
  attempt: Attempt,
): Promise<void> {
  const operations = await withClient(await adminUrl(dependencies, plan.service), plan, (admin) =>
    leftBy(admin, plan.database.name),
  );
  for (const operation of new Set([plan.operation, ...operations]))
    await removeAll(dependencies, { ...plan, operation }, attempt);
}

async function leftBy(admin: Client, name: string): Promise<OperationId[]> {
  const { rows } = await admin.query<{ datname: string }>('SELECT datname FROM pg_catalog.pg_database');
  return rows.flatMap(({ datname }) => {
    const operation = madeBeside(datname)?.operation;
    return operation !== undefined && rehearsedIn(name, operation).slice(0, 2).includes(datname)
      ? [operation]
      : [];
  });
}

/** Jobs first: one that still ran would go on in a database that is being dropped. */
export async function removeAll(
  dependencies: Dependencies,
  { service, operation, database }: Plan,
  attempt: Attempt,
): Promise<void> {
  attempt.progress({ doing: 'removing Jobs and copies' });
  for (const job of await operationJobs(dependencies.cluster, service.namespace, operation))
    await deleteJobWholly(dependencies.cluster, service.namespace, nameOf(job), attempt.signal);
  await removeJobSecrets(dependencies, { operation, service });
  await withClient(await adminUrl(dependencies, service), { operation }, async (admin) => {
    for (const copy of rehearsedIn(database.name, operation)) await dropDatabase(admin, copy, operation);
  });
}
