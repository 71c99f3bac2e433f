import type { V1Pod } from '@kubernetes/client-node';
import { health } from '../../kubernetes/health.ts';
import { isReady, mayRun, nameOf, troubleOf } from '../../kubernetes/pods.ts';
import type { Sign } from '../../domain/diagnosis.ts';
import type { Cluster } from '../../kubernetes/cluster.ts';
import { fit, type SeenPods } from '../pods.ts';

/** A pod that is younger may still be starting. */
const startsWithin = 60_000;

/** Whether the application works at all: its pods, and what its health path answers. */
export async function signsOfApplication(
  cluster: Cluster,
  namespace: string,
  seen: readonly SeenPods[],
): Promise<Sign[]> {
  const signs = await Promise.all(
    seen.map(async ({ workload, pods, lines }): Promise<Sign[]> => {
      const { deployment, health: check, replicas } = workload.definition;
      const alive = pods.filter((pod) => mayRun(pod) && pod.metadata?.deletionTimestamp === undefined);
      // Stopped by hand, which the runbook asks for, is not broken.
      if (workload.replicas === 0 || replicas === 0) return [];
      if (alive.length === 0)
        return [{ symptom: 'app-broken', evidence: `Deployment ${deployment} has no pod` }];
      const trouble = alive.filter((pod) => !isReady(pod)).map((pod) => troubled(pod, lines));
      const ready = alive.length - trouble.length;
      const stuck = alive.filter((pod) => !isReady(pod) && !isStarting(pod, lines));
      if (ready === 0 && stuck.length > 0) {
        const all = alive.length === 1 ? 'its only pod is not' : `none of its ${alive.length} pods is`;
        return [
          { symptom: 'app-broken', evidence: fit(`Deployment ${deployment}: ${all} ready; ${trouble[0]}`) },
        ];
      }
      const answer = check && ready > 0 && (await health(cluster, namespace, check));
      if (answer && answer.status !== 200) {
        const text = `Deployment ${deployment} answers ${check?.path} with ${answer.status}: ${answer.said}`;
        return [{ symptom: 'app-broken', evidence: fit(text) }];
      }
      if (stuck.length === 0) return [];
      const text = `Deployment ${deployment}: ${trouble.length} of ${alive.length} pods not ready; ${trouble[0]}`;
      return [{ symptom: 'app-crashes', evidence: fit(text) }];
    }),
  );
  return signs.flat();
}

/** What keeps a pod from being ready: Kubernetes' words, or its own last ones. */
function troubled(pod: V1Pod, lines: readonly string[]): string {
  const name = nameOf(pod);
  const trouble = troubleOf(pod);
  if (trouble !== undefined) return `${name}: ${trouble}`;
  const last = lines.findLast((line) => line.startsWith(`${name}: `))?.slice(name.length + 2);
  return `${name}: not ready${last === undefined ? '' : `; last said: ${last}`}`;
}

/** Young, and without any complaint. */
const isStarting = (pod: V1Pod, lines: readonly string[]): boolean =>
  troubleOf(pod) === undefined &&
  Date.now() - new Date(pod.status?.startTime ?? 0).getTime() < startsWithin &&
  !lines.some((line) => line.startsWith(`${nameOf(pod)}: `));
