import { labels, type OperationId } from '../runbook/names.ts';
import { ask, find } from './answer.ts';
import type { Cluster } from './cluster.ts';
import { nameOf } from './pods.ts';

/** Deletes every Job of an operation, and with them their pods; answers with their names. */
export async function deleteOperationJobs(
  cluster: Cluster,
  namespace: string,
  operation: OperationId,
): Promise<string[]> {
  const { items } = await ask(
    `list Jobs in ${namespace}`,
    cluster.batch.listNamespacedJob({ namespace, labelSelector: `${labels.operation}=${operation}` }),
  );
  await Promise.all(items.map((job) => deleteJob(cluster, namespace, nameOf(job))));
  return items.map(nameOf);
}

/** Deletes a Job and its pods; one that is gone already is fine. */
export async function deleteJob(cluster: Cluster, namespace: string, name: string): Promise<void> {
  await find(
    `delete Job ${namespace}/${name}`,
    cluster.batch.deleteNamespacedJob({ namespace, name, propagationPolicy: 'Background' }),
  );
}
