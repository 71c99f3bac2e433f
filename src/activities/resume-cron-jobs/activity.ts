import { endOfJob, isSuspended, readCronJob, runOnce, suspend } from '../../kubernetes/cron-jobs.ts';
import { lastLines } from '../../kubernetes/error-lines.ts';
import { deleteJob, runJob } from '../../kubernetes/jobs.ts';
import { poll } from '../../kubernetes/pause.ts';
import { nameOf, podsOf } from '../../kubernetes/pods.ts';
import { mark, since, unmark } from '../../kubernetes/resume-mark.ts';
import { Failure } from '../../domain/failures.ts';
import { jobName } from '../../domain/names.ts';
import type { CronJob } from '../../domain/definition/service.ts';
import type { StepInput } from '../activity-function.ts';
import type { ActivityContext } from '../context.ts';
import type { Cluster } from '../../kubernetes/cluster.ts';
import { duration } from '../../domain/text.ts';
import type { ResumedCronJob } from './step.ts';

type Input = StepInput<'resume-cron-jobs'>;

/**
 * Runbook, Step 7: one CronJob. Wanted: not suspended, and a run of it has succeeded with the older image:
 * one that is started for this purpose while it is still suspended, or the next one by its schedule. A failure
 * suspends it again, verifiably. Without a fitting image, or where the definition says so, it stays suspended.
 *
 * @throws Failure CronJobFailed, WorkloadMissing, KubernetesUnreachable, KubernetesRightMissing
 */
export async function resumeCronJobs(
  context: ActivityContext,
  { cronJob: name }: Input,
): Promise<ResumedCronJob> {
  const { cluster, plan } = context;
  const { namespace } = plan.service;
  const began = Date.now();
  const seconds = () => (Date.now() - began) / 1_000;
  const planned = plan.cronJobs.find((cronJob) => cronJob.name === name);
  const definition = plan.service.cronJobs.find((cronJob) => cronJob.name === name);
  if (planned === undefined || definition === undefined) {
    throw new Failure('InvalidDefinition', `The plan has no CronJob ${name}.`);
  }
  if (planned.rollBackTo === undefined || planned.wanted.suspended) {
    await suspend(cluster, namespace, name, true);
    return { name, staysSuspended: true, seconds: seconds() };
  }
  try {
    const job =
      definition.resume === 'run-once'
        ? await oneRun(context, definition)
        : await nextRun(context, definition);
    return { name, job, staysSuspended: false, seconds: seconds() };
  } catch (error) {
    if (context.signal.aborted || (error instanceof Failure && error.type === 'KubernetesUnreachable'))
      throw error;
    throw await suspendedAgain(cluster, namespace, name, error);
  }
}

/** Starts a run first, and lets the schedule go on only after it has succeeded. */
async function oneRun(context: ActivityContext, definition: CronJob): Promise<string> {
  const { cluster, operation, signal } = context;
  const { namespace } = context.service;
  const { name } = definition;
  const step = 'resume-cron-jobs';
  const run = { name: jobName(operation, step, context.try, name), operation, step };
  const job = runOnce(await readCronJob(cluster, namespace, name), run);
  const late = AbortSignal.timeout(definition.within);
  const doing = `runs CronJob ${name} once`;
  context.progress({ doing });
  try {
    const end = await runJob(cluster, job, {
      signal: AbortSignal.any([signal, late]),
      onLine: (line) => context.progress({ doing: `${doing}: ${line.slice(0, 200)}` }),
    });
    if (!end.succeeded) {
      throw failed(`Its run ${end.name} failed: ${end.reason ?? 'no reason given'}.`, end.lines);
    }
  } catch (error) {
    if (!late.aborted || signal.aborted) throw error;
    await deleteJob(cluster, namespace, run.name);
    throw failed(
      `Its run ${run.name} did not succeed within ${duration(definition.within)}, and was deleted.`,
    );
  }
  await resumedSchedule(context, definition, catchUpWithin);
  return run.name;
}

/** The controller makes up at once for a run missed meanwhile; such a run must succeed, too. */
const catchUpWithin = 1_000;

/** Lets the schedule go on, and sees the next run that the controller makes succeed. */
async function nextRun(context: ActivityContext, definition: CronJob): Promise<string> {
  const run = await resumedSchedule(context, definition, definition.within);
  if (run === undefined) throw failed(`No run of it ended within ${duration(definition.within)}.`);
  return run;
}

/**
 * Resumes the schedule, and waits for the end of a run that it makes.
 *
 * @param appears milliseconds in which a run must have been made; undefined is the answer where none was
 */
async function resumedSchedule(
  context: ActivityContext,
  { name, within }: CronJob,
  appears: number,
): Promise<string | undefined> {
  const { cluster, operation, signal } = context;
  const { namespace } = context.service;
  // By the API server's clock, and before the schedule goes on, so that a second attempt knows it, too.
  const before = await mark(cluster, namespace, name, `${operation}-${context.try}`);
  await suspend(cluster, namespace, name, false);
  if (isSuspended(await readCronJob(cluster, namespace, name))) {
    throw failed('It was suspended by somebody else right after it was resumed.');
  }
  const began = Date.now();
  let seen: string | undefined;
  const run = await poll({ every: 500, within, signal }, async () => {
    const { job, succeeded } = await since(cluster, namespace, name, before);
    const end = job && endOfJob(job);
    if (job !== undefined) seen = nameOf(job);
    context.progress({
      doing: seen === undefined ? `waits for the next run of ${name}` : `waits for Job ${seen}`,
    });
    if (end !== undefined) return end;
    if (succeeded && job === undefined) return { succeeded };
    return seen === undefined && Date.now() - began >= appears ? 'none' : undefined;
  });
  if (run === 'none') {
    await unmark(cluster, namespace, name);
    return undefined;
  }
  if (run === undefined) throw failed(`${seen ?? 'No run of it'} did not end within ${duration(within)}.`);
  if (!run.succeeded) {
    const pods = await podsOf(cluster, namespace, `batch.kubernetes.io/job-name=${seen ?? ''}`);
    const reason = run.reason ?? 'no reason given';
    throw failed(`Its run ${seen ?? ''} failed: ${reason}.`, await lastLines(cluster, pods));
  }
  await unmark(cluster, namespace, name);
  return seen ?? `a run of ${name} that removed its own Job`;
}

const failed = (text: string, lines: readonly string[] = []) =>
  new Failure(
    'CronJobFailed',
    lines.length === 0 ? text : `${text}\nLast lines of its log:\n${lines.slice(-15).join('\n')}`,
  );

async function suspendedAgain(
  cluster: Cluster,
  namespace: string,
  name: string,
  error: unknown,
): Promise<Failure> {
  const text = error instanceof Error ? error.message : String(error);
  await suspend(cluster, namespace, name, true);
  await unmark(cluster, namespace, name);
  const suspended = isSuspended(await readCronJob(cluster, namespace, name));
  const now = suspended
    ? 'It is suspended again.'
    : 'It could NOT be suspended again: somebody else resumes it.';
  return new Failure('CronJobFailed', `CronJob ${name}: ${text} ${now}`, {}, { cause: error });
}
