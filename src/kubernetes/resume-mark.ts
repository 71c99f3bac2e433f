import type { V1Job } from '@kubernetes/client-node';
import { ask } from './answer.ts';
import type { Cluster } from './cluster.ts';
import { bornAt, jobsOfCronJobs, readCronJob } from './cron-jobs.ts';
import { mergePatch } from './patch.ts';

const annotation = 'backstep.dev/resumed';

/** Where the schedule of a suspended CronJob stood; milliseconds by the API server's clock, 0 for never. */
export interface Mark {
  newestJob: number;
  lastSuccess: number;
}

/**
 * Notes on a suspended CronJob where its schedule stands: whatever is made later is a run of the resumed
 * schedule. The same `attempt` finds its own note again.
 */
export async function mark(
  cluster: Cluster,
  namespace: string,
  name: string,
  attempt: string,
): Promise<Mark> {
  const { metadata, status } = await readCronJob(cluster, namespace, name);
  const [whose, newest, success] = metadata?.annotations?.[annotation]?.split(' ') ?? [];
  if (whose === attempt) return { newestJob: Number(newest), lastSuccess: Number(success) };
  const job = (await jobsOfCronJobs(cluster, namespace, [name])).at(-1);
  const found = {
    newestJob: job === undefined ? 0 : bornAt(job),
    lastSuccess: status?.lastSuccessfulTime?.getTime() ?? 0,
  };
  await annotate(cluster, namespace, name, `${attempt} ${found.newestJob} ${found.lastSuccess}`);
  return found;
}

/** Removes the note. */
export const unmark = (cluster: Cluster, namespace: string, name: string): Promise<void> =>
  annotate(cluster, namespace, name, null);

/**
 * What the schedule has made since. A Job that removes itself when it has ended (`ttlSecondsAfterFinished`,
 * history limit 0) leaves only the CronJob's own word that a run has succeeded.
 */
export async function since(
  cluster: Cluster,
  namespace: string,
  name: string,
  { newestJob, lastSuccess }: Mark,
): Promise<{ job?: V1Job; succeeded: boolean }> {
  const job = (await jobsOfCronJobs(cluster, namespace, [name])).find((each) => bornAt(each) > newestJob);
  const { status } = await readCronJob(cluster, namespace, name);
  const succeeded = (status?.lastSuccessfulTime?.getTime() ?? 0) > lastSuccess;
  return { ...(job && { job }), succeeded };
}

async function annotate(
  cluster: Cluster,
  namespace: string,
  name: string,
  value: string | null,
): Promise<void> {
  await ask(
    `annotate CronJob ${namespace}/${name}`,
    cluster.batch.patchNamespacedCronJob(
      { namespace, name, body: { metadata: { annotations: { [annotation]: value } } } },
      mergePatch,
    ),
  );
}
