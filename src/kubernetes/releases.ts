import type { V1PodTemplateSpec } from '@kubernetes/client-node';
import { Failure } from '../domain/failures.ts';
import { canonical } from '../domain/plan/hash.ts';
import { ask, kubernetesFailure, statusOf } from './answer.ts';
import type { Cluster } from './cluster.ts';
import { readDeployment } from './deployments.ts';
import { jsonPatch } from './patch.ts';
import { nameOf } from './pods.ts';

/** One release of a Deployment, as `kubectl rollout history` lists it. */
export interface Release {
  revision: number;
  replicaSet: string;
  /** Image by container. */
  images: Record<string, string>;
  template: V1PodTemplateSpec;
  /** When its ReplicaSet was made. */
  createdAt?: Date;
}

const revisionKey = 'deployment.kubernetes.io/revision';
const hashLabel = 'pod-template-hash';
const tries = 10;

/** The releases that Kubernetes still keeps (`revisionHistoryLimit`), newest first; the current one included. */
export async function releases(cluster: Cluster, namespace: string, deployment: string): Promise<Release[]> {
  const { metadata } = await readDeployment(cluster, namespace, deployment);
  const { items } = await ask(
    `list ReplicaSets in ${namespace}`,
    cluster.apps.listNamespacedReplicaSet({ namespace }),
  );
  return items
    .filter((set) =>
      set.metadata?.ownerReferences?.some(
        ({ uid, controller }) => controller === true && uid === metadata?.uid,
      ),
    )
    .map((set) => {
      const template = plain(set.spec?.template ?? {});
      return {
        revision: Number(set.metadata?.annotations?.[revisionKey] ?? 0),
        replicaSet: nameOf(set),
        images: Object.fromEntries(
          (template.spec?.containers ?? []).map(({ name, image }) => [name, image ?? '']),
        ),
        template: withoutHash(template),
        ...(set.metadata?.creationTimestamp && { createdAt: set.metadata.creationTimestamp }),
      };
    })
    .toSorted((a, b) => b.revision - a.revision);
}

/** JSON without the absent fields that the client's objects carry as undefined. */
const plain = <T>(value: T): T => JSON.parse(JSON.stringify(value)) as T;

function withoutHash(template: V1PodTemplateSpec): V1PodTemplateSpec {
  const copy = plain(template);
  delete copy.metadata?.labels?.[hashLabel];
  return copy;
}

/** A template with another image in one container; in the first one if none is named. */
export function withImage(template: V1PodTemplateSpec, image: string, container?: string): V1PodTemplateSpec {
  const copy = plain(template);
  const containers = copy.spec?.containers ?? [];
  const found = container === undefined ? containers[0] : containers.find(({ name }) => name === container);
  if (found === undefined) {
    throw new Failure('WorkloadMissing', `The pod template has no container ${container ?? ''}.`);
  }
  found.image = image;
  return copy;
}

export interface NewTemplate {
  /** The template from which, and the image; the image alone where the release is not kept any more. */
  template?: V1PodTemplateSpec;
  image: string;
  container?: string | undefined;
  /** Becomes `kubernetes.io/change-cause`, which `kubectl rollout history` shows. */
  cause: string;
}

/**
 * Gives a Deployment an older release's template, as `kubectl rollout undo` does from the client's side, with
 * the image pinned; replicas stay as they are. Written only where it differs, and only over what was read.
 *
 * @returns whether anything was written
 */
export async function setTemplate(
  cluster: Cluster,
  namespace: string,
  name: string,
  wanted: NewTemplate,
): Promise<boolean> {
  for (let left = tries; left > 0; left--) {
    const found = await readDeployment(cluster, namespace, name);
    const current = withoutHash(found.spec?.template ?? {});
    const template = withImage(wanted.template ?? current, wanted.image, wanted.container);
    if (canonical(template) === canonical(current)) return false;
    const body = [
      // Replaced by itself it makes the API server refuse with 409 where somebody wrote in between.
      { op: 'replace', path: '/metadata/resourceVersion', value: found.metadata?.resourceVersion },
      ...(found.metadata?.annotations ? [] : [{ op: 'add', path: '/metadata/annotations', value: {} }]),
      { op: 'add', path: '/metadata/annotations/kubernetes.io~1change-cause', value: wanted.cause },
      { op: 'replace', path: '/spec/template', value: template },
    ];
    try {
      await cluster.apps.patchNamespacedDeployment({ namespace, name, body }, jsonPatch);
      return true;
    } catch (error) {
      if (statusOf(error) !== 409)
        throw kubernetesFailure(error, `roll Deployment ${namespace}/${name} back`);
    }
  }
  throw new Failure(
    'KubernetesUnreachable',
    `Deployment ${namespace}/${name} was changed by others ${tries} times in a row.`,
  );
}
