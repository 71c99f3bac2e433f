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
import { releases, setTemplate } from '../../kubernetes/releases.ts';
import { endJobs } from '../../kubernetes/writers.ts';
import { endCloning } from '../../postgres/clones.ts';
import { Failure, failures } from '../../domain/failures.ts';
import type { OperationRecord, StoppedWorkload } from '../../domain/record.ts';
import type { StepInput } from '../activity-function.ts';
import type { ActivityContext } from '../context.ts';
import { isResumed, resume } from '../pauses.ts';
import { containerOf } from '../writers.ts';
import type { PutBack } from './step.ts';

type Input = StepInput<'put-back'>;

const jobsGoneWithin = 60_000;
const settledWithin = 10_000;

/**
 * Undoes Step 1. Wanted: everything that the operation record names is as it has it, images included, and the
 * database is back under its name; after a restore this is the newer release again. Does all that it can, one
 * failure does not keep the rest stopped; then looks at all of it again. It does not wait for pods to be
 * Ready: the application may be broken, which is why somebody began a rollback.
 *
 * From its beginning no other step of the operation changes anything, whatever worker it thaws on.
 *
 * @throws Failure PutBackFailed naming what is not as it was, or where the downgrade has begun after all; OperationLost; DatabaseUnreachable and
 *   KubernetesUnreachable, which are tried again
 */
export async function putBack(context: ActivityContext, input: Input): Promise<PutBack> {
  const { cluster, service, operation } = context;
  const { namespace } = service;
  const { name } = context.plan.database;
  const found = await context.record.find();
  if (found?.operation !== operation) {
    if (input.stopped) throw lost(context, found);
    // The stop never began, and nothing was touched.
    return { workloads: [], cronJobs: [], database: name };
  }
  const record = await context.record.unwind((now) => {
    if (isMoving(now, input))
      throw new Failure(
        'PutBackFailed',
        `The downgrade began at ${now.pivotAt}: the database may have moved.`,
      );
    return { ...now, writes: 'resumed' };
  });
  const problems: unknown[] = [];
  const trying = async (doing: string, act: () => Promise<unknown>) => {
    context.signal.throwIfAborted();
    context.progress({ doing });
    await act().catch((error: unknown) => problems.push(error));
  };
  const { workloads, cronJobs } = record.stopped;
  await trying('ends its own Jobs', () => endOperationJobs(context));
  // A clone that is still being made would keep the database from getting its name back.
  await trying('ends its own clones', () => context.admin((admin) => endCloning(admin, operation)));
  if (record.pivotAt !== undefined) {
    for (const workload of workloads) {
      await trying(`sets the image of ${workload.deployment} back`, () => imageBack(context, workload));
    }
    for (const cronJob of cronJobs) {
      const { image } = cronJob;
      if (image === undefined) continue;
      await trying(`sets the image of ${cronJob.name} back`, () =>
        setCronJobImage(cluster, namespace, cronJob.name, image),
      );
    }
  }
  await trying('gives the database its name back', () => context.fence.lower());
  for (const { deployment, putBack: replicas } of workloads) {
    await trying(`scales ${deployment} to ${replicas}`, () =>
      scale(cluster, namespace, deployment, replicas),
    );
  }
  for (const cronJob of cronJobs) {
    const { suspended } = cronJob.putBack;
    const doing = `${suspended ? 'suspends' : 'resumes'} ${cronJob.name}`;
    await trying(doing, () => suspend(cluster, namespace, cronJob.name, suspended));
  }
  const resumed: string[] = [];
  const notes: string[] = [];
  // What owns the workloads comes last: by then it finds them as it left them.
  for (const pause of record.stopped.paused) {
    await trying(`resumes ${pause.what}`, async () => {
      const done = await resume(context, pause, name);
      if (done === 'gone') notes.push(`${pause.what} is not there any more, so it is not resumed`);
      else resumed.push(pause.what);
    });
  }
  await assertPutBack(context, record, problems);
  return {
    workloads: workloads.map(({ deployment, putBack: replicas }) => ({ deployment, replicas })),
    cronJobs: cronJobs.map((each) => ({ name: each.name, suspended: each.putBack.suspended })),
    database: name,
    ...(resumed.length > 0 && { resumed }),
    ...(notes.length > 0 && { notes }),
  };
}

/** An attempt that its workflow had given up may have passed the pivot: then nothing is put back by itself. */
const isMoving = ({ kind, pivotAt }: OperationRecord, { pivotPassed }: Input): boolean =>
  kind === 'rollback' && pivotAt !== undefined && !pivotPassed;

function lost({ operation, plan }: ActivityContext, found: OperationRecord | undefined): Failure {
  const { name, server } = plan.database;
  const says = found === undefined ? 'is none' : `is of ${found.operation}`;
  return new Failure(
    'PutBackFailed',
    `The operation record of ${name} on server ${server} ${says}, but ${operation} had stopped writes: what it stopped is not known here.`,
  );
}

/** A dump that still runs would hold a session on the database, and a migration would go on moving it. */
async function endOperationJobs({ cluster, service, operation, signal }: ActivityContext): Promise<void> {
  const gone = await poll({ every: 300, within: jobsGoneWithin, signal }, async () => {
    const jobs = await operationJobs(cluster, service.namespace, operation);
    await endJobs(cluster, jobs, 0);
    return jobs.length === 0 ? true : undefined;
  });
  if (gone === undefined) throw new Failure('PutBackFailed', `Jobs of ${operation} did not end in a minute.`);
}

async function imageBack(
  { cluster, plan }: ActivityContext,
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
  context: ActivityContext,
  record: OperationRecord,
  problems: readonly unknown[],
): Promise<void> {
  const { signal } = context;
  context.progress({ doing: 'looks whether everything is as it was' });
  let differences: string[] = [];
  const done = await poll({ every: 500, within: settledWithin, signal }, async () => {
    try {
      differences = await differencesFrom(context, record);
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
async function isScaled({ cluster, service }: ActivityContext, deployment: string): Promise<boolean> {
  return (await autoscalersOf(cluster, service.namespace, deployment)).length > 0;
}

async function differencesFrom(context: ActivityContext, record: OperationRecord): Promise<string[]> {
  const { cluster, plan } = context;
  const { namespace } = plan.service;
  const { database } = plan;
  const found: string[] = [];
  // Before the downgrade no image was touched: one that differs is somebody's new release, and stays.
  const imagesMatter = record.pivotAt !== undefined;
  for (const { deployment, putBack: replicas, image } of record.stopped.workloads) {
    const now = await findDeployment(cluster, namespace, deployment);
    const is = now && replicasOf(now);
    if (
      is !== replicas &&
      !(is !== undefined && is > 0 && replicas > 0 && (await isScaled(context, deployment)))
    )
      found.push(`Deployment ${deployment} wants ${is ?? 'nothing: it is gone'}, not ${replicas} replicas`);
    const has = now && imageOf(now.spec?.template, containerOf(plan, deployment));
    if (imagesMatter && image !== undefined && has !== undefined && has !== image)
      found.push(`Deployment ${deployment} has image ${has}, not ${image}`);
  }
  for (const { name, putBack: wanted, image } of record.stopped.cronJobs) {
    const now = await findCronJob(cluster, namespace, name);
    if (now === undefined) found.push(`CronJob ${name} is gone`);
    else if (isSuspended(now) !== wanted.suspended)
      found.push(`CronJob ${name} is ${wanted.suspended ? 'not ' : ''}suspended`);
    const has = now && imageOf(templateOf(now));
    if (imagesMatter && image !== undefined && has !== undefined && has !== image)
      found.push(`CronJob ${name} has image ${has}, not ${image}`);
  }
  for (const pause of record.stopped.paused) {
    const resumed = await isResumed(context, pause, database.name);
    if (!resumed) found.push(`${pause.what} is still paused`);
  }
  const fence = await context.fence.state();
  if (fence !== 'down') found.push(`database ${database.name} is still ${database.fencedName} (${fence})`);
  return found;
}
