import { imageOf } from '../../kubernetes/deployments.ts';
import { foundWriters, stopStarting } from '../../kubernetes/writers.ts';
import { describeSession, quiet } from '../../postgres/sessions.ts';
import { replicasToPutBack, suspensionToPutBack } from '../../views/by-hand.ts';
import { defined } from '../../domain/defined.ts';
import { withNewPauses, type Pause } from '../../domain/plan/pauses.ts';
import type { Plan } from '../../domain/plan/plan.ts';
import type { Recovery } from '../../domain/plan/point-in-time.ts';
import type { OperationRecord } from '../../domain/record.ts';
import type { StepInput } from '../activity-function.ts';
import type { ActivityContext } from '../context.ts';
import { asFound, migratingPauses, pauseInCluster } from '../pauses.ts';
import { serveReads } from './serve-reads.ts';
import { freeze, mayHaveWritten } from './freeze.ts';
import { fenceDatabase } from './fence-database.ts';
import { containerOf, endWriters, everyWriterOf, writersOf } from '../writers.ts';
import { duration } from '../../domain/text.ts';
import type { StoppedWrites } from './step.ts';

type Input = StepInput<'stop-writes'>;

/**
 * Runbook, Step 1. Wanted: nothing that the definition names runs, the database is fenced off, no foreign session
 * for the quiet time, and the record says what was stopped. Record first; then everything is told to stop at
 * once, the fence included; then it is waited for. Known by looking: pods, Jobs, sessions, row counts.
 *
 * @throws Failure OperationLost, WritesNotStopped, WorkloadMissing, DatabaseUnreachable, DatabaseRightMissing,
 *   KubernetesUnreachable, KubernetesRightMissing, SecretMissing
 */
export async function stopWrites(context: ActivityContext, input: Input): Promise<StoppedWrites> {
  const { plan, service, operation, signal } = context;
  const began = Date.now();
  const record = await take(context, input);
  context.progress({ doing: 'scales to 0, suspends, pauses, fences the database off' });
  const paused = record.stopped.paused;
  const told = stopStarting(context.cluster, writersOf(plan));
  const held = pauseInCluster(context.cluster, paused);
  const fence = fenceDatabase(context, paused);
  await Promise.allSettled([told, held, fence]);
  for (const text of [...(await told), ...(await held)]) context.log.info(`stopped: ${text}`);
  const fenced = await fence;
  const jobsEnded = await endWriters(context, jobNames(paused));
  const { sessionsEnded } = await context.admin((admin) =>
    quiet(admin, plan.database.fencedName, {
      operation,
      quietFor: service.writes.quietFor,
      grace: Math.max(0, service.writes.gracePeriod - (Date.now() - began)),
      signal,
      onProgress: ({ forMilliseconds, sessions }) =>
        context.progress({
          doing: `no foreign session for ${duration(forMilliseconds)} of ${duration(service.writes.quietFor)}`,
          done: sessions.length,
          unit: 'sessions',
          alive: sessions.map((session) => `session ${describeSession(session)}`),
        }),
    }),
  );
  context.progress({ doing: 'counts the rows of every table' });
  const frozen = await freeze(context, input.again);
  const reads = await serveReads(context);
  return {
    ...frozen,
    sessionsEnded: sessionsEnded + fenced.sessionsEnded,
    jobsEnded,
    paused,
    migrationsEnded: fenced.migrationsEnded,
    rolledBack: fenced.rolledBack,
    ...defined({ reads }),
    alreadyStopped: [
      ...record.stopped.workloads
        .filter(({ found }) => found === 0)
        .map(({ deployment }) => `Deployment ${deployment}`),
      ...record.stopped.cronJobs.filter(({ found }) => found.suspended).map(({ name }) => `CronJob ${name}`),
    ],
  };
}

/** Law 6: the record before the first change; of an unfinished operation what it stopped, and how, stays. */
async function take(context: ActivityContext, input: Input): Promise<OperationRecord> {
  const { cluster, plan } = context;
  const { workflowId, runId, temporalNamespace } = input;
  const [found, planned, migrating] = await Promise.all([
    foundWriters(cluster, everyWriterOf(plan)),
    asFound(cluster, plan.pauses),
    migratingPauses(context),
  ]);
  const wanted: OperationRecord = {
    version: 1,
    operation: plan.operation,
    kind: plan.kind,
    ...defined({ temporalNamespace, trigger: plan.request.trigger }),
    ...(plan.kind === 'point-in-time-restore' && { recovery: recorded(plan.recovery) }),
    workflowId,
    runId,
    service: plan.service.service,
    namespace: plan.service.namespace,
    startedAt: new Date().toISOString(),
    database: {
      server: plan.database.server,
      name: plan.database.name,
      fencedName: plan.database.fencedName,
    },
    from: plan.from,
    target: plan.target,
    stopped: { ...stoppedBy(plan, found), paused: [...planned, ...migrating] },
    writes: 'stopped',
    breaches: [],
    rolledBack: [],
    artifacts: [],
  };
  await context.record.claim(wanted);
  return context.record.update((record) => ({
    // An undo that ended half-way may have started the application: it says so before it begins.
    ...(record.writes === 'resumed' ? mayHaveWritten(record) : record),
    writes: 'stopped',
    stopped: withNewOnes(record.stopped, wanted.stopped),
  }));
}

const recorded = ({ to, how, evidence, newInstance, operation, endpoint }: Recovery) => ({
  to,
  how,
  evidence,
  newInstance,
  operation,
  endpoint,
});

/** Law 4: what ran is put back as found; what somebody had stopped by hand, as the definition wants it. */
function stoppedBy(
  plan: Plan,
  found: Awaited<ReturnType<typeof foundWriters>>,
): Omit<OperationRecord['stopped'], 'paused'> {
  return {
    workloads: found.deployments.map(({ name, replicas, template }) => {
      const wanted =
        plan.workloads.find(({ deployment }) => deployment === name)?.wanted.replicas ?? replicas;
      const image = imageOf(template, containerOf(plan, name));
      return { deployment: name, found: replicas, putBack: replicasToPutBack(replicas, wanted), image };
    }),
    cronJobs: found.cronJobs.map(({ name, suspended, template }) => {
      const wanted = plan.cronJobs.find((cronJob) => cronJob.name === name)?.wanted.suspended ?? suspended;
      return {
        name,
        found: { suspended },
        putBack: { suspended: suspensionToPutBack(suspended, wanted) },
        image: imageOf(template),
      };
    }),
  };
}

/** A record that is taken up may be of a definition that had fewer workloads. */
function withNewOnes(
  before: OperationRecord['stopped'],
  now: OperationRecord['stopped'],
): OperationRecord['stopped'] {
  const deployments = new Set(before.workloads.map(({ deployment }) => deployment));
  const cronJobs = new Set(before.cronJobs.map(({ name }) => name));
  return {
    workloads: [
      ...before.workloads,
      ...now.workloads.filter(({ deployment }) => !deployments.has(deployment)),
    ],
    cronJobs: [...before.cronJobs, ...now.cronJobs.filter(({ name }) => !cronJobs.has(name))],
    paused: withNewPauses(before.paused, now.paused),
  };
}

/** Names of the Jobs that were suspended. */
const jobNames = (paused: readonly Pause[]): string[] =>
  paused.flatMap((pause) => (pause.in === 'cluster' && pause.on.plural === 'jobs' ? [pause.on.name] : []));
