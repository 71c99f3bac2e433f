import type { V1Deployment, V1LabelSelector, V1PodTemplateSpec } from '@kubernetes/client-node';
import { Failure } from '../domain/failures.ts';
import { ask, find } from './answer.ts';
import type { Cluster } from './cluster.ts';
import { mergePatch } from './patch.ts';
import { isReady, mayRun, nameOf, podsOf, troubleOf } from './pods.ts';

/** Reads a Deployment; undefined where there is none. */
export const findDeployment = (
  cluster: Cluster,
  namespace: string,
  name: string,
): Promise<V1Deployment | undefined> =>
  find(`read Deployment ${namespace}/${name}`, cluster.apps.readNamespacedDeployment({ namespace, name }));

/** @throws Failure WorkloadMissing */
export async function readDeployment(
  cluster: Cluster,
  namespace: string,
  name: string,
): Promise<V1Deployment> {
  const found = await findDeployment(cluster, namespace, name);
  if (found === undefined)
    throw new Failure('WorkloadMissing', `There is no Deployment ${namespace}/${name}.`);
  return found;
}

export const replicasOf = (deployment: V1Deployment): number => deployment.spec?.replicas ?? 1;

/**
 * Image of a container of a pod template; of the first one if no container is named.
 *
 * @throws Failure WorkloadMissing where the template has no such container.
 */
export function imageOf(template: V1PodTemplateSpec | undefined, container?: string): string {
  const containers = template?.spec?.containers ?? [];
  const found = container === undefined ? containers[0] : containers.find(({ name }) => name === container);
  if (found?.image === undefined) {
    const names = containers.map(({ name }) => name).join(', ') || 'none';
    throw new Failure(
      'WorkloadMissing',
      `No container ${container ?? ''} with an image in the pod template; it has: ${names}.`,
    );
  }
  return found.image;
}

/** Wants so many replicas; answers with those wanted before. Nothing is written where they are the same. */
export async function scale(
  cluster: Cluster,
  namespace: string,
  name: string,
  replicas: number,
): Promise<number> {
  const before = replicasOf(await readDeployment(cluster, namespace, name));
  if (before === replicas) return before;
  await ask(
    `scale Deployment ${namespace}/${name} to ${replicas}`,
    cluster.apps.patchNamespacedDeploymentScale(
      { namespace, name, body: { spec: { replicas } } },
      mergePatch,
    ),
  );
  return before;
}

/** A selector as text, for list requests. */
export function selectorText(selector: V1LabelSelector): string {
  const equal = Object.entries(selector.matchLabels ?? {}).map(([key, value]) => `${key}=${value}`);
  const expressions = (selector.matchExpressions ?? []).map(({ key, operator, values }) => {
    if (operator === 'Exists') return key;
    if (operator === 'DoesNotExist') return `!${key}`;
    return `${key} ${operator.toLowerCase()} (${(values ?? []).join(',')})`;
  });
  return [...equal, ...expressions].join(',');
}

export const podsOfDeployment = (cluster: Cluster, deployment: V1Deployment) =>
  podsOf(cluster, deployment.metadata?.namespace ?? '', selectorText(deployment.spec?.selector ?? {}));

/** How far a Deployment is; `trouble` is what Kubernetes says of its pods. */
export interface Readiness {
  ready: boolean;
  readyPods: number;
  trouble: string[];
  /** Names of pods that are not ready. */
  unready: string[];
}

/**
 * Whether all replicas of the newest template are ready and none of an older one is left, as
 * `kubectl rollout status` and `kubectl wait --for=condition=ready` see it (runbook, Steps 6 and 7).
 */
export async function readinessOf(cluster: Cluster, namespace: string, name: string): Promise<Readiness> {
  const deployment = await readDeployment(cluster, namespace, name);
  const wanted = replicasOf(deployment);
  const {
    observedGeneration = 0,
    updatedReplicas = 0,
    readyReplicas = 0,
    replicas = 0,
  } = deployment.status ?? {};
  const pods = await podsOfDeployment(cluster, deployment);
  // Evicted pods stay to be seen, and are nobody's replicas any more.
  const unready = pods.filter(
    (pod) => mayRun(pod) && !isReady(pod) && pod.metadata?.deletionTimestamp === undefined,
  );
  const ready =
    observedGeneration >= (deployment.metadata?.generation ?? 0) &&
    updatedReplicas === wanted &&
    readyReplicas === wanted &&
    replicas === wanted &&
    unready.length === 0;
  const conditions = (deployment.status?.conditions ?? [])
    .filter(({ type, status }) =>
      type === 'ReplicaFailure' ? status === 'True' : type === 'Progressing' && status === 'False',
    )
    .map(({ reason, message }) => `${reason}: ${message}`);
  const ofPods = unready.map((pod) => `pod ${nameOf(pod)}: ${troubleOf(pod) ?? 'is not ready'}`);
  const paused = deployment.spec?.paused === true ? [`Deployment ${name} is paused`] : [];
  return {
    ready,
    readyPods: readyReplicas,
    trouble: [...paused, ...conditions, ...ofPods],
    unready: unready.map(nameOf),
  };
}
