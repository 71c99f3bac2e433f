import { ask } from './answer.ts';
import type { Cluster } from './cluster.ts';
import { pausable, type PausableKind } from './pausable.ts';

/** A right as RBAC names it. */
export interface Right {
  verb: string;
  /** Empty for the core group. */
  group: string;
  resource: string;
  subresource?: string;
  namespace: string;
}

export const describeRight = ({ verb, group, resource, subresource, namespace }: Right): string =>
  `${verb} ${resource}${subresource ? `/${subresource}` : ''}${group ? `.${group}` : ''} in namespace ${namespace}`;

/** Asks the API server which of these rights the worker lacks; nothing is tried out. */
export async function missingRights(cluster: Cluster, rights: readonly Right[]): Promise<Right[]> {
  const answers = await Promise.all(
    rights.map((right) => {
      const resourceAttributes = {
        verb: right.verb,
        group: right.group,
        resource: right.resource,
        namespace: right.namespace,
        ...(right.subresource !== undefined && { subresource: right.subresource }),
      };
      return ask(
        'ask which rights the worker has',
        cluster.authorization.createSelfSubjectAccessReview({ body: { spec: { resourceAttributes } } }),
      );
    }),
  );
  return rights.filter((_, index) => answers[index]?.status?.allowed !== true);
}

const all = (verbs: string, group: string, resource: string, namespace: string): Right[] =>
  verbs.split(' ').map((verb) => {
    const [kind = resource, subresource] = resource.split('/');
    return { verb, group, resource: kind, namespace, ...(subresource !== undefined && { subresource }) };
  });

/** Every right that a rollback may need later, the undo included; deploy/rbac*.yaml grants exactly these. */
export function rightsNeeded(namespace: string, recordsNamespace: string): Right[] {
  return [
    ...all('get create update', '', 'configmaps', recordsNamespace),
    ...all('get create update delete', '', 'secrets', namespace),
    ...all('list delete', '', 'pods', namespace),
    ...all('get', '', 'pods/log', namespace),
    ...all('list', '', 'events', namespace),
    ...all('get', '', 'services/proxy', namespace),
    ...all('get', '', 'persistentvolumeclaims', namespace),
    ...all('get patch', 'apps', 'deployments', namespace),
    ...all('patch', 'apps', 'deployments/scale', namespace),
    ...all('list', 'apps', 'replicasets', namespace),
    ...all('get list create patch delete', 'batch', 'jobs', namespace),
    ...all('get patch', 'batch', 'cronjobs', namespace),
    ...all('list', 'autoscaling', 'horizontalpodautoscalers', namespace),
  ];
}

/**
 * Rights to pause what else manages a workload, in the namespace where that lives; deploy/rbac-owners.yaml
 * grants exactly these. Without them it is only named.
 */
export function rightsOverOwners(namespace: string): Right[] {
  const owners: PausableKind[] = ['application', 'kustomization', 'helmRelease', 'scaledObject', 'scaledJob'];
  return owners.flatMap((kind) => {
    const { group, plural } = pausable[kind];
    return all(group === 'keda.sh' ? 'get list patch' : 'get patch', group, plural, namespace);
  });
}
