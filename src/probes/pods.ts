import type { V1Pod } from '@kubernetes/client-node';
import type { Cluster } from '../kubernetes/cluster.ts';
import { podsOfDeployment } from '../kubernetes/deployments.ts';
import { errorLines } from '../kubernetes/error-lines.ts';
import type { MigrationTool } from '../migrations/tool.ts';
import { redact, truncate } from '../domain/redact.ts';
import type { SeenWorkload } from './cluster.ts';

/** A workload's pods, with the last error lines of their logs, redacted. */
export interface SeenPods {
  workload: SeenWorkload;
  pods: V1Pod[];
  lines: string[];
}

/** Read of each workload; a page shows fewer. */
const mostLines = 40;

/** An error line as it may leave the cluster. */
export const fit = (line: string): string => truncate(redact(line), 300);

/** Looks at the pods of the workloads, and at what they last complained of. */
export function lookAtPods(
  cluster: Cluster,
  workloads: readonly SeenWorkload[],
  { failedLine }: Pick<MigrationTool, 'failedLine'>,
): Promise<SeenPods[]> {
  return Promise.all(
    workloads.map(async (workload) => {
      const pods = await podsOfDeployment(cluster, workload.deployment);
      const lines =
        pods.length === 0 ? [] : await errorLines(cluster, pods, { most: mostLines, also: failedLine });
      return { workload, pods, lines: lines.map(fit) };
    }),
  );
}
