import type { V1CronJob, V1Job } from '@kubernetes/client-node';
import { Failure } from '../domain/failures.ts';
import { labels, type OperationId } from '../domain/names.ts';
import { ask, find } from './answer.ts';
import type { Cluster } from './cluster.ts';
import { imageOf } from './deployments.ts';
import { mergePatch, strategicPatch } from './patch.ts';
import { nameOf } from './pods.ts';
import { without } from './without.ts';

/** Reads a CronJob; undefined where there is none. */
export const findCronJob = (
  cluster: Cluster,
  namespace: string,
  name: string,
): Promise<V1CronJob | undefined> =>
  find(`read CronJob ${namespace}/${name}`, cluster.batch.readNamespacedCronJob({ namespace, name }));

/** @throws Failure WorkloadMissing */
export async function readCronJob(cluster: Cluster, namespace: string, name: string): Promise<V1CronJob> {
  const found = await findCronJob(cluster, namespace, name);
  if (found === undefined) throw new Failure('WorkloadMissing', `There is no CronJob ${namespace}/${name}.`);
  return found;
}

export const isSuspended = (cronJob: V1CronJob): boolean => cronJob.spec?.suspend === true;

export const templateOf = (cronJob: V1CronJob) => cronJob.spec?.jobTemplate.spec?.template;

/** Suspends or resumes a CronJob; answers with how it was. Nothing is written where it is so already. */
export async function suspend(
  cluster: Cluster,
  namespace: string,
  name: string,
  suspended: boolean,
): Promise<boolean> {
  const before = isSuspended(await readCronJob(cluster, namespace, name));
  if (before === suspended) return before;
  await ask(
    `${suspended ? 'suspend' : 'resume'} CronJob ${namespace}/${name}`,
    cluster.batch.patchNamespacedCronJob(
      { namespace, name, body: { spec: { suspend: suspended } } },
      mergePatch,
    ),
  );
  return before;
}

/** Sets the image of a CronJob's first container; answers whether anything was written. */
export async function setCronJobImage(
  cluster: Cluster,
  namespace: string,
  name: string,
  image: string,
): Promise<boolean> {
  const found = await readCronJob(cluster, namespace, name);
  if (imageOf(templateOf(found)) === image) return false;
  // The container's own name goes with a strategic patch, so that its other fields stay.
  const container = templateOf(found)?.spec?.containers[0]?.name;
  const template = { spec: { containers: [{ name: container, image }] } };
  await ask(
    `set the image of CronJob ${namespace}/${name}`,
    cluster.batch.patchNamespacedCronJob(
      { namespace, name, body: { spec: { jobTemplate: { spec: { template } } } } },
      strategicPatch,
    ),
  );
  return true;
}

/** Jobs of a CronJob, those made by hand with `kubectl create job --from` included; oldest first. */
export async function jobsOfCronJobs(
  cluster: Cluster,
  namespace: string,
  names: readonly string[],
): Promise<V1Job[]> {
  const { items } = await ask(`list Jobs in ${namespace}`, cluster.batch.listNamespacedJob({ namespace }));
  return items
    .filter((job) => ownersOf(job).some((owner) => names.includes(owner)))
    .toSorted((a, b) => bornAt(a) - bornAt(b));
}

export const ownersOf = (job: V1Job): string[] =>
  (job.metadata?.ownerReferences ?? []).filter(({ kind }) => kind === 'CronJob').map(({ name }) => name);

/** When the API server made it; milliseconds, in whole seconds. */
export const bornAt = (job: V1Job): number => job.metadata?.creationTimestamp?.getTime() ?? 0;

/** Undefined while a Job may still run. */
export function endOfJob(job: V1Job): { succeeded: boolean; reason?: string } | undefined {
  for (const { type, status, reason, message } of job.status?.conditions ?? []) {
    if (status !== 'True') continue;
    if (type === 'Complete') return { succeeded: true };
    if (type === 'Failed') return { succeeded: false, reason: [reason, message].filter(Boolean).join(': ') };
  }
  return undefined;
}

/**
 * One run of a CronJob, as `kubectl create job --from=cronjob/…` makes it, under the operation's label. It is
 * owned by the CronJob, so that its history limit and its removal hold for it too.
 */
export function runOnce(
  cronJob: V1CronJob,
  run: { name: string; operation: OperationId; step: string },
): V1Job {
  const template = cronJob.spec?.jobTemplate;
  const own = { [labels.operation]: run.operation, [labels.step]: run.step };
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: {
      name: run.name,
      namespace: cronJob.metadata?.namespace ?? '',
      labels: { ...template?.metadata?.labels, ...own },
      annotations: { ...template?.metadata?.annotations, 'cronjob.kubernetes.io/instantiate': 'manual' },
      ownerReferences: [
        {
          apiVersion: 'batch/v1',
          kind: 'CronJob',
          name: nameOf(cronJob),
          uid: cronJob.metadata?.uid ?? '',
          controller: true,
        },
      ],
    },
    // A Job that removes itself could not be asked how it ended.
    ...(template?.spec && { spec: without(template.spec, ['ttlSecondsAfterFinished']) }),
  };
}
