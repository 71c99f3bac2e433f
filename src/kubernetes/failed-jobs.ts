import type { V1Job } from '@kubernetes/client-node';
import { labels } from '../domain/names.ts';
import { ask } from './answer.ts';
import type { Cluster } from './cluster.ts';
import { nameOf, podsOf } from './pods.ts';
import { errorLines } from './error-lines.ts';

/** Older ones say nothing of tonight. */
const within = 24 * 60 * 60_000;
const mostJobs = 3;

/**
 * Error lines of Jobs that failed lately and belong to no CronJob, the newest first: where a pipeline or Helm
 * migrates, it does so in one of them. Backstep's own are left out. Not redacted.
 *
 * @param also what is an error line besides: what the migration tool says
 */
export async function linesOfFailedJobs(
  cluster: Cluster,
  namespace: string,
  { most, also }: { most: number; also: RegExp },
): Promise<string[]> {
  const { items } = await ask(`list Jobs in ${namespace}`, cluster.batch.listNamespacedJob({ namespace }));
  const failed = items
    .filter((job) => hasFailed(job) && !isOurs(job) && !ofCronJob(job) && Date.now() - startOf(job) < within)
    .toSorted((a, b) => startOf(b) - startOf(a))
    .slice(0, mostJobs);
  const pods = await Promise.all(
    failed.map((job) => podsOf(cluster, namespace, `batch.kubernetes.io/job-name=${nameOf(job)}`)),
  );
  return pods.flat().length === 0 ? [] : errorLines(cluster, pods.flat(), { most, also });
}

const hasFailed = ({ status }: V1Job): boolean => (status?.failed ?? 0) > 0 && (status?.succeeded ?? 0) === 0;

const isOurs = ({ metadata }: V1Job): boolean => metadata?.labels?.[labels.operation] !== undefined;

const ofCronJob = ({ metadata }: V1Job): boolean =>
  (metadata?.ownerReferences ?? []).some(({ kind }) => kind === 'CronJob');

const startOf = ({ metadata, status }: V1Job): number =>
  new Date(status?.startTime ?? metadata?.creationTimestamp ?? 0).getTime();
