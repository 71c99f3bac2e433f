import { endOfJob } from '../kubernetes/cron-jobs.ts';
import { deleteJob, operationJobs } from '../kubernetes/job-removal.ts';
import { scale } from '../kubernetes/deployments.ts';
import { pause, poll } from '../kubernetes/pause.ts';
import { nameOf } from '../kubernetes/pods.ts';
import {
  endJobs,
  endPods,
  podsOfJobs,
  runningJobs,
  runningPods,
  type Writers,
} from '../kubernetes/writers.ts';
import { Failure } from '../domain/failures.ts';
import type { Plan } from '../domain/plan/plan.ts';
import type { ActivityContext } from './context.ts';

/** Workloads that go on while writes are stopped, and read from a copy. */
export const readersOf = ({ service }: Plan): string[] =>
  service.workloads.flatMap(({ deployment, stop }) => (stop === 'read-only' ? [deployment] : []));

/** What is stopped, by the plan's definition. */
export const writersOf = ({ service }: Plan): Writers => ({
  namespace: service.namespace,
  deployments: service.workloads.flatMap(({ deployment, stop }) =>
    stop === 'read-only' ? [] : [deployment],
  ),
  cronJobs: service.cronJobs.map(({ name }) => name),
});

/** Those that go on reading included. */
export const everyWriterOf = (plan: Plan): Writers => {
  const writers = writersOf(plan);
  return { ...writers, deployments: [...writers.deployments, ...readersOf(plan)] };
};

/** Container whose image a release is known by: that of the migrations in their workload, else the first. */
export const containerOf = ({ service }: Plan, deployment: string): string | undefined =>
  deployment === service.migrations.workload ? service.migrations.container : undefined;

const every = 300;
/** Given to the kubelet once a grace period is over, to kill and to report it. */
const killedWithin = 30_000;
/** A pod that may take longer than this to end is not waited for. */
const longestGrace = 10 * 60_000;

/**
 * Waits until no pod of the writers is left. Terminating pods still write, so they count; Kubernetes kills
 * them when their own grace period is over, which may be later than the definition's. What was not told to
 * end when the definition's is over (a pod by hand, a Job that was waited for) is told then.
 *
 * @param migrating names of suspended Jobs, whose pods must go, too
 * @returns Jobs of the CronJobs that were ended
 * @throws Failure WritesNotStopped naming the pods and Jobs that stay
 */
export async function endWriters(context: ActivityContext, migrating: readonly string[]): Promise<string[]> {
  const { cluster, plan, signal } = context;
  const writers = writersOf(plan);
  const { gracePeriod, runningJobs: policy } = plan.service.writes;
  const began = Date.now();
  let longest = gracePeriod;
  const ended = new Set<string>();
  for (;;) {
    const waited = Date.now() - began;
    const late = waited >= gracePeriod;
    const pods = [
      ...(await runningPods(cluster, writers)),
      ...(await podsOfJobs(cluster, writers, migrating)),
    ];
    const jobs = await runningJobs(cluster, writers);
    if (pods.length + jobs.length === 0) break;
    const own = pods.map(({ metadata }) => (metadata?.deletionGracePeriodSeconds ?? 0) * 1_000);
    longest = Math.min(Math.max(longest, ...own), longestGrace);
    const alive = [...pods.map((pod) => `pod ${nameOf(pod)}`), ...jobs.map((job) => `Job ${nameOf(job)}`)];
    if (waited > longest + killedWithin) {
      throw new Failure('WritesNotStopped', `Told to end, and still there: ${alive.join(', ')}.`);
    }
    context.progress({
      doing: `waits for pods and Jobs to end: ${[...pods, ...jobs].map(nameOf).slice(0, 5).join(', ')}`,
      done: pods.length + jobs.length,
      unit: 'pods',
      alive,
    });
    const left = Math.max(0, gracePeriod - waited);
    if (late || policy === 'delete') for (const name of await endJobs(cluster, jobs, left)) ended.add(name);
    if (late) await endPods(cluster, pods, 0);
    await pause(every, signal);
  }
  await endUnfinishedJobs(context);
  return [...ended];
}

/** A migration is never cut short if it can be helped: its Job may end by itself within this time. */
const migrationMayTake = 10 * 60_000;

/**
 * Jobs of an operation that was taken up may still move the database: they end first, then they go. Those of
 * this operation (it was reset) are found again by the steps that made them.
 */
async function endUnfinishedJobs(context: ActivityContext): Promise<void> {
  const { cluster, plan, signal } = context;
  if (plan.takesUp === undefined || plan.takesUp.operation === plan.operation) return;
  const { namespace } = plan.service;
  const end = Date.now() + migrationMayTake;
  for (;;) {
    const jobs = await operationJobs(cluster, namespace, plan.takesUp.operation);
    if (jobs.length === 0) return;
    for (const job of jobs) {
      const over = endOfJob(job) !== undefined || Date.now() > end;
      if (over && job.metadata?.deletionTimestamp === undefined) {
        await deleteJob(cluster, namespace, nameOf(job), 'Foreground');
      }
    }
    context.progress({
      doing: `waits for Jobs of ${plan.takesUp.operation}: ${jobs.map(nameOf).join(', ')}`,
    });
    await pause(every, signal);
  }
}

/**
 * Ends what reads, before the database gets its name back: of a rolling update that has stalled on the copy, pods of
 * the bad release would be left, and write (law 3).
 */
export async function endReaders(context: ActivityContext): Promise<void> {
  const { cluster, plan, signal } = context;
  const deployments = readersOf(plan);
  if (deployments.length === 0) return;
  const { namespace, writes } = plan.service;
  for (const name of deployments) await scale(cluster, namespace, name, 0);
  const began = Date.now();
  const gone = await poll({ every: 300, within: writes.gracePeriod + 30_000, signal }, async () => {
    const pods = await runningPods(cluster, { namespace, deployments, cronJobs: [] });
    context.progress({
      doing: `waits for pods of ${deployments.join(', ')} to end`,
      done: pods.length,
      unit: 'pods',
    });
    if (Date.now() - began > writes.gracePeriod) await endPods(cluster, pods, 0);
    return pods.length === 0 ? true : undefined;
  });
  if (gone !== true)
    throw new Failure('NotReady', `Pods of ${deployments.join(', ')} do not end: they would write again.`);
}
