import { autoscalersOf } from '../../kubernetes/autoscalers.ts';
import {
  findCronJob,
  isSuspended,
  setCronJobImage,
  suspend,
  templateOf,
} from '../../kubernetes/cron-jobs.ts';
import { findDeployment, imageOf, replicasOf, scale } from '../../kubernetes/deployments.ts';
import { operationJobs } from '../../kubernetes/job-removal.ts';
import { poll } from '../../kubernetes/pause.ts';
import { readRecord, update } from '../../kubernetes/records.ts';
import { releases, setTemplate } from '../../kubernetes/releases.ts';
import { endJobs } from '../../kubernetes/writers.ts';
import { lower, state } from '../../postgres/fence.ts';
import { endCloning } from '../../postgres/clones.ts';
import { withClient } from '../../postgres/connect.ts';
import type { ActivityInput, PutBack } from '../../domain/deeds.ts';
import { Failure, failures } from '../../domain/failures.ts';
import type { Plan } from '../../domain/plan/plan.ts';
import type { OperationRecord, StoppedWorkload } from '../../domain/record.ts';
import { adminUrl } from '../connections.ts';
import type { Attempt, Dependencies } from '../dependencies.ts';
import { isResumed, resume } from '../pauses.ts';
import { containerOf } from '../writers.ts';

const jobsGoneWithin = 60_000;
const settledWithin = 10_000;

/**
 * Undoes Step 1. Wanted: everything that the operation record names is as it has it, images included, and the
 * database is back under its name; after a restore this is the newer release again. Does all that it can, one
 * failure does not keep the rest stopped; then looks at all of it again. It does not wait for pods to be
 * Ready: the application may be broken, which is why somebody began a rollback.
 *
 * @throws Failure PutBackFailed naming what is not as it was, OperationLost; DatabaseUnreachable and
 *   KubernetesUnreachable, which are tried again
 */
export async function putBack(
  dependencies: Dependencies,
  { plan }: ActivityInput<'put-back'>,
  attempt: Attempt,
): Promise<PutBack> {
  const { service, database, operation } = plan;
  const { record } = await readRecord(dependencies.cluster, dependencies.recordsNamespace, database);
  // No record of ours: the stop never began, and nothing was touched.
  if (record?.operation !== operation) return { workloads: [], cronJobs: [], database: database.name };
  const problems: unknown[] = [];
  const trying = async (doing: string, activity: () => Promise<unknown>) => {
    attempt.signal.throwIfAborted();
    attempt.progress({ doing });
    await activity().catch((error: unknown) => problems.push(error));
  };
  const { workloads, cronJobs } = record.stopped;
  await update(dependencies.cluster, dependencies.recordsNamespace, database, operation, (now) => ({
    ...now,
    writes: 'resumed',
  }));
  await trying('ends its own Jobs', () => endOwnJobs(dependencies, plan, attempt));
  // A clone that is still being made would keep the database from getting its name back.
  await trying('ends its own clones', async () => {
    const admin = await adminUrl(dependencies, service);
    await withClient(admin, { operation }, (client) => endCloning(client, operation));
  });
  if (record.pivotAt !== undefined) {
    for (const workload of workloads) {
      await trying(`sets the image of ${workload.deployment} back`, () =>
        imageBack(dependencies, plan, workload),
      );
    }
    for (const { name, image } of cronJobs) {
      if (image === undefined) continue;
      await trying(`sets the image of ${name} back`, () =>
        setCronJobImage(dependencies.cluster, service.namespace, name, image),
      );
    }
  }
  await trying('gives the database its name back', async () => {
    const admin = await adminUrl(dependencies, service);
    const options = { operation, signal: attempt.signal };
    await withClient(admin, options, (client) => lower(client, database, { signal: attempt.signal }));
  });
  for (const { deployment, putBack: replicas } of workloads) {
    await trying(`scales ${deployment} to ${replicas}`, () =>
      scale(dependencies.cluster, service.namespace, deployment, replicas),
    );
  }
  for (const { name, putBack: wanted } of cronJobs) {
    const doing = `${wanted.suspended ? 'suspends' : 'resumes'} ${name}`;
    await trying(doing, () => suspend(dependencies.cluster, service.namespace, name, wanted.suspended));
  }
  const resumed: string[] = [];
  const notes: string[] = [];
  // What owns the workloads comes last: by then it finds them as it left them.
  for (const pause of record.stopped.paused ?? []) {
    await trying(`resumes ${pause.what}`, async () => {
      const done = await resume(dependencies, plan, pause, database.name);
      if (done === 'gone') notes.push(`${pause.what} is not there any more, so it is not resumed`);
      else resumed.push(pause.what);
    });
  }
  await assertPutBack(dependencies, plan, record, problems, attempt);
  return {
    workloads: workloads.map(({ deployment, putBack: replicas }) => ({ deployment, replicas })),
    cronJobs: cronJobs.map(({ name, putBack: { suspended } }) => ({ name, suspended })),
    database: database.name,
    ...(resumed.length > 0 && { resumed }),
    ...(notes.length > 0 && { notes }),
  };
}

/** A dump that still runs would hold a session on the database, and a migration would go on moving it. */
async function endOwnJobs(
  dependencies: Dependencies,
  { service, operation }: Plan,
  attempt: Attempt,
): Promise<void> {
  const gone = await poll({ every: 300, within: jobsGoneWithin, signal: attempt.signal }, async () => {
    const jobs = await operationJobs(dependencies.cluster, service.namespace, operation);
    await endJobs(dependencies.cluster, jobs, 0);
    return jobs.length === 0 ? true : undefined;
  });
  if (gone === undefined) throw new Failure('PutBackFailed', `Jobs of ${operation} did not end in a minute.`);
}

async function imageBack(
  { cluster }: Dependencies,
  plan: Plan,
  { deployment, image }: StoppedWorkload,
): Promise<void> {
  if (image === undefined) return;
  const { namespace } = plan.service;
  const container = containerOf(plan, deployment);
  const found = await findDeployment(cluster, namespace, deployment);
  if (found === undefined || imageOf(found.spec?.template, container) === image) return;
  const release = (await releases(cluster, namespace, deployment)).find(
    ({ template }) => imageOf(template, container) === image,
  );
  await setTemplate(cluster, namespace, deployment, {
    ...(release && { template: release.template }),
    image,
    container,
    cause: `Backstep ${plan.operation}: restored, ${image} again`,
  });
}

/** Looks until all is as it should be, or for some seconds, and then says everything that is not. */
async function assertPutBack(
  dependencies: Dependencies,
  plan: Plan,
  record: OperationRecord,
  problems: readonly unknown[],
  attempt: Attempt,
): Promise<void> {
  attempt.progress({ doing: 'looks whether everything is as it was' });
  let differences: string[] = [];
  const done = await poll({ every: 500, within: settledWithin, signal: attempt.signal }, async () => {
    try {
      differences = await differencesFrom(dependencies, plan, record);
    } catch (error) {
      differences = [error instanceof Error ? error.message : String(error)];
    }
    return differences.length === 0 ? true : undefined;
  });
  if (done !== undefined) return;
  const mending = problems.find((error) => error instanceof Failure && failures[error.type].retry);
  if (mending !== undefined) throw mending;
  const causes = problems.map((error) => (error instanceof Error ? error.message : String(error)));
  throw new Failure('PutBackFailed', `Not as it was: ${[...differences, ...causes].join('; ')}`);
}

/** An autoscaler takes over as soon as there are replicas again: their number is its own affair. */
async function isScaled({ cluster }: Dependencies, { service }: Plan, deployment: string): Promise<boolean> {
  return (await autoscalersOf(cluster, service.namespace, deployment)).length > 0;
}

async function differencesFrom(
  dependencies: Dependencies,
  plan: Plan,
  record: OperationRecord,
): Promise<string[]> {
  const { service, database, operation } = plan;
  const found: string[] = [];
  // Before the downgrade no image was touched: one that differs is somebody's new release, and stays.
  const imagesMatter = record.pivotAt !== undefined;
  for (const { deployment, putBack: replicas, image } of record.stopped.workloads) {
    const now = await findDeployment(dependencies.cluster, service.namespace, deployment);
    const is = now && replicasOf(now);
    if (
      is !== replicas &&
      !(is !== undefined && is > 0 && replicas > 0 && (await isScaled(dependencies, plan, deployment)))
    )
      found.push(`Deployment ${deployment} wants ${is ?? 'nothing: it is gone'}, not ${replicas} replicas`);
    const has = now && imageOf(now.spec?.template, containerOf(plan, deployment));
    if (imagesMatter && image !== undefined && has !== undefined && has !== image)
      found.push(`Deployment ${deployment} has image ${has}, not ${image}`);
  }
  for (const { name, putBack: wanted, image } of record.stopped.cronJobs) {
    const now = await findCronJob(dependencies.cluster, service.namespace, name);
    if (now === undefined) found.push(`CronJob ${name} is gone`);
    else if (isSuspended(now) !== wanted.suspended)
      found.push(`CronJob ${name} is ${wanted.suspended ? 'not ' : ''}suspended`);
    const has = now && imageOf(templateOf(now));
    if (imagesMatter && image !== undefined && has !== undefined && has !== image)
      found.push(`CronJob ${name} has image ${has}, not ${image}`);
  }
  for (const pause of record.stopped.paused ?? []) {
    const resumed = await isResumed(dependencies, plan, pause, database.name);
    if (!resumed) found.push(`${pause.what} is still paused`);
  }
  const admin = await adminUrl(dependencies, service);
  const fence = await withClient(admin, { operation }, (client) => state(client, database));
  if (fence !== 'down') found.push(`database ${database.name} is still ${database.fencedName} (${fence})`);
  return found;
}
