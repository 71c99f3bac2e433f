import type { V1Job, V1Pod, V1PodTemplateSpec } from '@kubernetes/client-node';
import { find } from './answer.ts';
import type { Cluster } from './cluster.ts';
import { endOfJob, isSuspended, jobsOfCronJobs, readCronJob, suspend, templateOf } from './cron-jobs.ts';
import { podsOfDeployment, readDeployment, replicasOf, scale } from './deployments.ts';
import { deleteJob } from './job-removal.ts';
import { mayRun, nameOf, podsOf } from './pods.ts';

/** Everything in a namespace that writes to the database by definition. */
export interface Writers {
  namespace: string;
  deployments: string[];
  cronJobs: string[];
}

export interface FoundWriters {
  deployments: { name: string; replicas: number; template: V1PodTemplateSpec | undefined }[];
  cronJobs: { name: string; suspended: boolean; template: V1PodTemplateSpec | undefined }[];
}

/** The writers as they are now. Throws Failure WorkloadMissing for the first that is not there. */
export async function foundWriters(cluster: Cluster, writers: Writers): Promise<FoundWriters> {
  const deployments = writers.deployments.map(async (name) => {
    const found = await readDeployment(cluster, writers.namespace, name);
    return { name, replicas: replicasOf(found), template: found.spec?.template };
  });
  const cronJobs = writers.cronJobs.map(async (name) => {
    const found = await readCronJob(cluster, writers.namespace, name);
    return { name, suspended: isSuspended(found), template: templateOf(found) };
  });
  return { deployments: await Promise.all(deployments), cronJobs: await Promise.all(cronJobs) };
}

/**
 * Wants every Deployment at 0 and every CronJob suspended (runbook, Step 1), all at once. Does all that it
 * can, then throws what failed first.
 *
 * @returns in words, what was not so
 */
export async function stopStarting(cluster: Cluster, writers: Writers): Promise<string[]> {
  const scaled = writers.deployments.map(async (name) => {
    const before = await scale(cluster, writers.namespace, name, 0);
    return before === 0 ? undefined : `Deployment ${name} was at ${before} replicas`;
  });
  const suspended = writers.cronJobs.map(async (name) => {
    const before = await suspend(cluster, writers.namespace, name, true);
    return before ? undefined : `CronJob ${name} was not suspended`;
  });
  const done = await allOf([...scaled, ...suspended]);
  return done.filter((words) => words !== undefined);
}

/** Waits for all, whatever fails, so that nothing goes on unobserved; then throws the first failure. */
export async function allOf<T>(promises: Promise<T>[]): Promise<T[]> {
  await Promise.allSettled(promises);
  return Promise.all(promises);
}

/** Jobs of the CronJobs that have not ended, those being deleted included: their pods may still write. */
export async function runningJobs(cluster: Cluster, writers: Writers): Promise<V1Job[]> {
  const jobs = await jobsOfCronJobs(cluster, writers.namespace, writers.cronJobs);
  return jobs.filter((job) => endOfJob(job) === undefined || job.metadata?.deletionTimestamp !== undefined);
}

/**
 * Tells Jobs to end that were not told yet, their pods within `grace` milliseconds; each Job stays to be seen
 * until its pods are gone. Pods first: their grace period cannot be shortened any more once the Job's removal
 * has begun (Kubernetes 1.34 lets the first deletion run its course).
 *
 * @returns the names of those newly told to end
 */
export async function endJobs(cluster: Cluster, jobs: readonly V1Job[], grace: number): Promise<string[]> {
  const alive = jobs.filter((job) => job.metadata?.deletionTimestamp === undefined);
  await allOf(
    alive.map(async (job) => {
      const namespace = job.metadata?.namespace ?? '';
      await endPods(cluster, await podsOfJob(cluster, namespace, nameOf(job)), grace);
      await deleteJob(cluster, namespace, nameOf(job), 'Foreground');
    }),
  );
  return alive.map(nameOf);
}

/** Pods of a Job whose containers may still run. */
const podsOfJob = async (cluster: Cluster, namespace: string, name: string): Promise<V1Pod[]> =>
  (await podsOf(cluster, namespace, `batch.kubernetes.io/job-name=${name}`)).filter(mayRun);

/** Pods of Jobs, by name, whose containers may still run. */
export async function podsOfJobs(
  cluster: Cluster,
  { namespace }: Writers,
  names: readonly string[],
): Promise<V1Pod[]> {
  return (await Promise.all(names.map((name) => podsOfJob(cluster, namespace, name)))).flat();
}

/** Pods of the Deployments whose containers may still run, terminating ones included. */
export async function runningPods(cluster: Cluster, writers: Writers): Promise<V1Pod[]> {
  const pods = await Promise.all(
    writers.deployments.map(async (name) =>
      podsOfDeployment(cluster, await readDeployment(cluster, writers.namespace, name)),
    ),
  );
  return pods.flat().filter(mayRun);
}

/** Deletes pods that were not told to end yet: within their own grace period, and at most `grace` milliseconds. */
export async function endPods(cluster: Cluster, pods: readonly V1Pod[], grace: number): Promise<void> {
  const alive = pods.filter((pod) => pod.metadata?.deletionTimestamp === undefined);
  await allOf(
    alive.map((pod) => {
      const [namespace, name] = [pod.metadata?.namespace ?? '', nameOf(pod)];
      const gracePeriodSeconds = Math.min(
        pod.spec?.terminationGracePeriodSeconds ?? 30,
        Math.max(1, Math.ceil(grace / 1_000)),
      );
      return find(
        `delete pod ${namespace}/${name}`,
        cluster.core.deleteNamespacedPod({ namespace, name, gracePeriodSeconds }),
      );
    }),
  );
}
