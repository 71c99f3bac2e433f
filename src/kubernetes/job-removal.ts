import type { V1Job } from '@kubernetes/client-node';
import { Failure } from '../domain/failures.ts';
import { labels, type OperationId } from '../domain/names.ts';
import { ask, find } from './answer.ts';
import type { Cluster } from './cluster.ts';
import { poll } from './pause.ts';
import { nameOf } from './pods.ts';

/** Jobs that an operation has made. */
export async function operationJobs(
  cluster: Cluster,
  namespace: string,
  operation: OperationId,
): Promise<V1Job[]> {
  const { items } = await ask(
    `list Jobs in ${namespace}`,
    cluster.batch.listNamespacedJob({ namespace, labelSelector: `${labels.operation}=${operation}` }),
  );
  return items;
}

/** Deletes every Job of an operation, and with them their pods; answers with their names. */
export async function deleteOperationJobs(
  cluster: Cluster,
  namespace: string,
  operation: OperationId,
): Promise<string[]> {
  const jobs = await operationJobs(cluster, namespace, operation);
  await Promise.all(jobs.map((job) => deleteJob(cluster, namespace, nameOf(job))));
  return jobs.map(nameOf);
}

/**
 * Deletes a Job and its pods; one that is gone already is fine. `Foreground`: the Job stays to be seen until
 * its pods are gone.
 */
export async function deleteJob(
  cluster: Cluster,
  namespace: string,
  name: string,
  propagationPolicy: 'Background' | 'Foreground' = 'Background',
): Promise<void> {
  await find(
    `delete Job ${namespace}/${name}`,
    cluster.batch.deleteNamespacedJob({ namespace, name, propagationPolicy }),
  );
}

const goneWithin = 60_000;

/**
 * Deletes a Job, and waits until its pods are gone: one that an earlier attempt left would go on.
 *
 * @throws Failure JobNotStarted where it does not end in a minute
 */
export async function deleteJobWholly(
  cluster: Cluster,
  namespace: string,
  name: string,
  signal: AbortSignal,
): Promise<void> {
  await deleteJob(cluster, namespace, name, 'Foreground');
  const gone = await poll({ every: 300, within: goneWithin, signal }, async () =>
    (await find(`read Job ${namespace}/${name}`, cluster.batch.readNamespacedJob({ namespace, name }))) ===
    undefined
      ? true
      : undefined,
  );
  if (gone === undefined)
    throw new Failure('JobNotStarted', `Job ${namespace}/${name} of an earlier attempt does not end.`);
}
