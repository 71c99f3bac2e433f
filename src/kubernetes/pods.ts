import type { V1ContainerStatus, V1Pod } from '@kubernetes/client-node';
import { ask } from './answer.ts';
import type { Cluster } from './cluster.ts';

/** Pods that a label selector chooses, ended ones included. */
export async function podsOf(cluster: Cluster, namespace: string, labelSelector: string): Promise<V1Pod[]> {
  const list = await ask(
    `list pods in ${namespace}`,
    cluster.core.listNamespacedPod({ namespace, labelSelector }),
  );
  return list.items;
}

export const nameOf = (object: { metadata?: { name?: string } }): string => object.metadata?.name ?? '';

/** True while a container of the pod may still run, a terminating pod included: it still writes. */
export const mayRun = (pod: V1Pod): boolean =>
  pod.status?.phase !== 'Succeeded' && pod.status?.phase !== 'Failed';

export const isReady = (pod: V1Pod): boolean =>
  pod.metadata?.deletionTimestamp === undefined &&
  (pod.status?.conditions ?? []).some(({ type, status }) => type === 'Ready' && status === 'True');

const normal = new Set(['ContainerCreating', 'PodInitializing']);

/**
 * Why a pod does not do what it should, in the words of Kubernetes: image, scheduling, crash, memory, exit
 * code; undefined where nothing is known to be wrong.
 */
export function troubleOf(pod: V1Pod): string | undefined {
  const unscheduled = (pod.status?.conditions ?? []).find(
    ({ type, status }) => type === 'PodScheduled' && status === 'False',
  );
  if (unscheduled !== undefined) return words(unscheduled.reason, unscheduled.message);
  const statuses = [...(pod.status?.initContainerStatuses ?? []), ...(pod.status?.containerStatuses ?? [])];
  for (const status of statuses) {
    const trouble = troubleOfContainer(status);
    if (trouble !== undefined) return `container ${status.name}: ${trouble}`;
  }
  return pod.status?.phase === 'Failed'
    ? words(pod.status.reason ?? 'Failed', pod.status.message)
    : undefined;
}

function troubleOfContainer({ state, lastState }: V1ContainerStatus): string | undefined {
  const ended = state?.terminated ?? lastState?.terminated;
  const exit =
    ended !== undefined && ended.exitCode !== 0
      ? words(`${ended.reason ?? 'Error'}, exit code ${ended.exitCode}`, ended.message)
      : undefined;
  const waiting = state?.waiting;
  if (waiting?.reason === undefined || normal.has(waiting.reason)) return exit;
  return [words(waiting.reason, waiting.message), exit].filter((part) => part !== undefined).join('; ');
}

const words = (reason: string | undefined, message: string | undefined) =>
  [reason, message].filter((part) => part !== undefined && part !== '').join(': ');
