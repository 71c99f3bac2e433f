import type { V1PodTemplateSpec } from '@kubernetes/client-node';
import { labels } from '../domain/names.ts';
import { ask } from './answer.ts';
import type { Cluster } from './cluster.ts';

/** Something that ran an image, and when Kubernetes made it. */
export interface FirstSeen {
  at: Date;
  what: string;
}

/**
 * The first that Kubernetes still knows of all that runs an image: ReplicaSets, Jobs and pods. Backstep's own
 * Jobs do not count. Undefined where nothing is left of it.
 */
export async function firstSeen(
  cluster: Cluster,
  namespace: string,
  image: string,
): Promise<FirstSeen | undefined> {
  const doing = `list what runs in ${namespace}`;
  const [sets, jobs, pods] = await Promise.all([
    ask(doing, cluster.apps.listNamespacedReplicaSet({ namespace })),
    ask(doing, cluster.batch.listNamespacedJob({ namespace, labelSelector: `!${labels.operation}` })),
    ask(doing, cluster.core.listNamespacedPod({ namespace, labelSelector: `!${labels.operation}` })),
  ]);
  const seen = [
    ...sets.items.map(({ metadata, spec }) => ({ kind: 'ReplicaSet', metadata, of: spec?.template?.spec })),
    ...jobs.items.map(({ metadata, spec }) => ({ kind: 'Job', metadata, of: spec?.template.spec })),
    ...pods.items.map(({ metadata, spec }) => ({ kind: 'pod', metadata, of: spec })),
  ];
  return seen
    .filter(({ of }) => runs(of, image))
    .map(({ kind, metadata }) => ({
      at: metadata?.creationTimestamp ?? new Date(),
      what: `${kind} ${metadata?.name ?? ''}`,
    }))
    .toSorted((a, b) => a.at.getTime() - b.at.getTime())[0];
}

const runs = (of: V1PodTemplateSpec['spec'], image: string): boolean =>
  [...(of?.containers ?? []), ...(of?.initContainers ?? [])].some((container) => container.image === image);
