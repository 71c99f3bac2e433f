import { imageOf, readDeployment } from '../../kubernetes/deployments.ts';
import { readCronJob, setCronJobImage, templateOf } from '../../kubernetes/cron-jobs.ts';
import { releases, setTemplate } from '../../kubernetes/releases.ts';
import { Failure } from '../../domain/failures.ts';
import type { PlannedWorkload } from '../../domain/plan/plan.ts';
import type { ActivityContext } from '../context.ts';
import { containerOf } from '../writers.ts';
import type { RolledBackApp } from './step.ts';

/**
 * Runbook, Step 6. Wanted: every workload and CronJob has the image that fits the target, as the plan pins it.
 * A workload gets its older release's whole template, as `kubectl rollout undo --to-revision` gives it, while
 * it is at 0 replicas. One that was rolled back by hand already is left as it is.
 *
 * @throws Failure NoFittingImage, WorkloadMissing, KubernetesUnreachable, KubernetesRightMissing
 */
export async function rollBackApp(context: ActivityContext): Promise<RolledBackApp> {
  const { cluster, plan, signal } = context;
  const { namespace } = plan.service;
  const unfit = plan.workloads.filter(({ rollBackTo }) => rollBackTo === undefined);
  if (unfit.length > 0) {
    const names = unfit.map(({ deployment }) => deployment).join(', ');
    throw new Failure(
      'NoFittingImage',
      `No image is known that needs exactly ${plan.target}, for: ${names}.`,
    );
  }
  const workloads: RolledBackApp['workloads'] = [];
  for (const workload of plan.workloads) {
    signal.throwIfAborted();
    context.progress({
      doing: `rolls Deployment ${workload.deployment} back`,
      done: workloads.length,
      of: plan.workloads.length,
    });
    workloads.push(await rollBack(context, workload));
  }
  const cronJobs: RolledBackApp['cronJobs'] = [];
  for (const { name, rollBackTo } of plan.cronJobs) {
    signal.throwIfAborted();
    if (rollBackTo === undefined) continue;
    context.progress({
      doing: `rolls CronJob ${name} back`,
      done: cronJobs.length,
      of: plan.cronJobs.length,
    });
    await setCronJobImage(cluster, namespace, name, rollBackTo.image);
    const image = imageOf(templateOf(await readCronJob(cluster, namespace, name)));
    if (image !== rollBackTo.image) throw changedBack(`CronJob ${name}`, image);
    cronJobs.push({ name, image });
  }
  const staySuspended = plan.cronJobs
    .filter(({ rollBackTo }) => rollBackTo === undefined)
    .map(({ name }) => name);
  return { workloads, cronJobs, staySuspended };
}

async function rollBack(
  { cluster, plan }: ActivityContext,
  { deployment, found, rollBackTo }: PlannedWorkload,
): Promise<RolledBackApp['workloads'][number]> {
  const { namespace } = plan.service;
  const container = containerOf(plan, deployment);
  const { image = '', replicaSet, revision } = rollBackTo ?? {};
  const before = imageOf((await readDeployment(cluster, namespace, deployment)).spec?.template, container);
  if (before !== image) {
    // An undo renumbers the release it returns to, so that its ReplicaSet's name is the lasting mark.
    const release = (await releases(cluster, namespace, deployment)).find(
      (kept) => kept.replicaSet === replicaSet,
    );
    await setTemplate(cluster, namespace, deployment, {
      ...(release && { template: release.template }),
      image,
      container,
      cause: `Backstep ${plan.operation}: back to ${revision === undefined ? image : `revision ${revision}`}`,
    });
  }
  const now = imageOf((await readDeployment(cluster, namespace, deployment)).spec?.template, container);
  if (now !== image) throw changedBack(`Deployment ${deployment}`, now);
  return { deployment, image, from: before === image ? found.image : before };
}

const changedBack = (what: string, image: string) =>
  new Failure(
    'NoFittingImage',
    `${what} was rolled back, and has the image ${image} again: something else sets it (GitOps, an operator). Pause that.`,
  );
