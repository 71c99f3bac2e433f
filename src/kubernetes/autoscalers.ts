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
