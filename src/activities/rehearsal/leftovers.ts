import { deleteJobWholly, operationJobs } from '../../kubernetes/job-removal.ts';
import { nameOf } from '../../kubernetes/pods.ts';
import type { Client } from '../../postgres/connect.ts';
import { dropDatabase } from '../../postgres/databases.ts';
import { siblingName, parseSiblingName, type OperationId } from '../../domain/names.ts';
import type { ActivityContext } from '../context.ts';
import { removeJobSecrets } from '../jobs.ts';

/** Under which names a rehearsal makes databases of its own. */
export const rehearsedIn = (name: string, operation: OperationId): string[] => [
  siblingName(name, 'rehearsal', operation),
  siblingName(`live_${name}`, 'scratch', operation),
  siblingName(name, 'scratch', operation),
  siblingName(`before_${name}`, 'scratch', operation),
];

/**
 * Removes what rehearsals of this database left that were killed. There is no record, so no rollback needs any of
 * it; and the workflow ID lets one rehearsal run at a time.
 */
export async function removeLeftovers(context: ActivityContext): Promise<void> {
  const operations = await context.admin((admin) => leftBy(admin, context.plan.database.name));
  for (const operation of new Set([context.operation, ...operations])) await removeAll(context, operation);
}

async function leftBy(admin: Client, name: string): Promise<OperationId[]> {
  const { rows } = await admin.query<{ datname: string }>('SELECT datname FROM pg_catalog.pg_database');
  return rows.flatMap(({ datname }) => {
    const operation = parseSiblingName(datname)?.operation;
    return operation !== undefined && rehearsedIn(name, operation).slice(0, 2).includes(datname)
      ? [operation]
      : [];
  });
}

/** Jobs first: one that still ran would go on in a database that is being dropped. */
export async function removeAll(
  context: ActivityContext,
  operation: OperationId = context.operation,
): Promise<void> {
  const { cluster, service, signal } = context;
  context.progress({ doing: 'removing Jobs and copies' });
  for (const job of await operationJobs(cluster, service.namespace, operation))
    await deleteJobWholly(cluster, service.namespace, nameOf(job), signal);
  await removeJobSecrets(cluster, { operation, service });
  const copies = rehearsedIn(context.plan.database.name, operation);
  await context.admin(async (admin) => {
    for (const copy of copies) await dropDatabase(admin, copy, operation);
  });
}
