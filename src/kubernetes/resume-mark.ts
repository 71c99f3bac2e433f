import { ask } from './answer.ts';
import type { Cluster } from './cluster.ts';
import { bornAt, jobsOfCronJobs, readCronJob } from './cron-jobs.ts';
import { mergePatch } from './patch.ts';

const annotation = 'backstep.dev/resumed';

/**
 * Notes on a suspended CronJob when its newest Job was made, by the API server's clock: whatever is made later
 * is a run of the resumed schedule. The same `attempt` finds its own note again.
 *
 * @returns creation time of the newest Job before; milliseconds, 0 where there was none
 */
export async function mark(
  cluster: Cluster,
  namespace: string,
  name: string,
  attempt: string,
): Promise<number> {
  const { metadata } = await readCronJob(cluster, namespace, name);
  const [whose, noted] = metadata?.annotations?.[annotation]?.split(' ') ?? [];
  if (whose === attempt) return Number(noted);
  const newest = (await jobsOfCronJobs(cluster, namespace, [name])).at(-1);
  const since = newest === undefined ? 0 : bornAt(newest);
  await annotate(cluster, namespace, name, `${attempt} ${since}`);
  return since;
}

/** Removes the note. */
export const unmark = (cluster: Cluster, namespace: string, name: string): Promise<void> =>
  annotate(cluster, namespace, name, null);

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
