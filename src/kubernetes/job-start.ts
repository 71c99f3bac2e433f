import type { V1Job, V1Pod } from '@kubernetes/client-node';
import { Failure } from '../domain/failures.ts';
import { ask } from './answer.ts';
import type { Cluster } from './cluster.ts';
import { deleteJob } from './job-removal.ts';
import { nameOf, troubleOf } from './pods.ts';

/** Pods recover from a registry's or a scheduler's hiccup within this time; milliseconds. */
export const patience = 60_000;

/**
 * Gives a Job that has not started the time to do so, and no more: a pod that Kubernetes says is in trouble,
 * a pod about which it warns (volumes, sandbox), or no pod at all. A slow pull of a large image is no trouble.
 *
 * @throws Failure JobNotStarted with what Kubernetes says; the Job is deleted first, for a Job that starts
 *   after a person has decided otherwise must not be.
 */
export async function assertStarting(
  cluster: Cluster,
  job: V1Job,
  pods: V1Pod[],
  waited: number,
): Promise<void> {
  const pod = pods.at(-1);
  const namespace = job.metadata?.namespace ?? '';
  const trouble = (pod && troubleOf(pod)) ?? (await lastWarning(cluster, namespace, pod ?? job));
  if (trouble === undefined && pod !== undefined) return;
  await deleteJob(cluster, namespace, nameOf(job));
  const what = pod === undefined ? 'no pod was made for it' : `pod ${nameOf(pod)} did not start`;
  throw new Failure(
    'JobNotStarted',
    `Job ${namespace}/${nameOf(job)}: ${what} in ${Math.round(waited / 1_000)} s: ${trouble ?? 'Kubernetes gives no reason'}. The Job was deleted.`,
  );
}

/** FailedMount, FailedCreatePodSandBox, FailedCreate (quota, admission), …; others warn of what does no harm. */
const preventsStart = /^(Failed|NetworkNotReady|InspectFailed)/;

async function lastWarning(
  cluster: Cluster,
  namespace: string,
  object: V1Pod | V1Job,
): Promise<string | undefined> {
  const { items } = await ask(
    `list events in ${namespace}`,
    cluster.core.listNamespacedEvent({
      namespace,
      fieldSelector: `involvedObject.uid=${object.metadata?.uid ?? ''},type=Warning`,
    }),
  );
  const last = items.findLast(({ reason }) => preventsStart.test(reason ?? ''));
  return last && `${last.reason ?? 'Warning'}: ${last.message ?? ''}`;
}
