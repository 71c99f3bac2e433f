import { ask } from './answer.ts';
import type { Cluster } from './cluster.ts';
import { nameOf } from './pods.ts';

/** Names of the HorizontalPodAutoscalers that scale a Deployment. At 0 replicas they do nothing. */
export async function autoscalersOf(
  cluster: Cluster,
  namespace: string,
  deployment: string,
): Promise<string[]> {
  const { items } = await ask(
    `list HorizontalPodAutoscalers in ${namespace}`,
    cluster.autoscaling.listNamespacedHorizontalPodAutoscaler({ namespace }),
  );
  return items
    .filter(
      ({ spec }) => spec?.scaleTargetRef.kind === 'Deployment' && spec.scaleTargetRef.name === deployment,
    )
    .map(nameOf);
}

/**
 * Who else owns a workload and may undo what Backstep does: the GitOps tool or operator named in its labels,
 * annotations and field managers; in words.
 */
export function ownersOutside(object: {
  metadata?: { labels?: Record<string, string>; annotations?: Record<string, string> };
}): string[] {
  const keys = { ...object.metadata?.labels, ...object.metadata?.annotations };
  const marks: [prefix: string, tool: string][] = [
    ['argocd.argoproj.io/', 'Argo CD'],
    ['kustomize.toolkit.fluxcd.io/', 'Flux'],
    ['helm.toolkit.fluxcd.io/', 'Flux'],
    ['meta.helm.sh/', 'Helm'],
    ['scaledobject.keda.sh/', 'KEDA'],
  ];
  const tools = marks.filter(([prefix]) => Object.keys(keys).some((key) => key.startsWith(prefix)));
  return [...new Set(tools.map(([, tool]) => tool))];
}
