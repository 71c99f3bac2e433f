import { lastLines } from '../../kubernetes/error-lines.ts';
import {
  podsOfDeployment,
  readDeployment,
  readinessOf,
  scale,
  type Readiness,
} from '../../kubernetes/deployments.ts';
import type { Cluster } from '../../kubernetes/cluster.ts';
import { health, type Health } from '../../kubernetes/health.ts';
import { poll } from '../../kubernetes/pause.ts';
import { isReady } from '../../kubernetes/pods.ts';
import { revisionOf } from '../../migrations/version-table.ts';
import { Failure } from '../../domain/failures.ts';
import type { Plan } from '../../domain/plan/plan.ts';
import type { Workload } from '../../domain/definition/service.ts';
import { holding, type HttpCheck } from '../../domain/definition/checks.ts';
import type { ActivityContext } from '../context.ts';
import { resume } from '../pauses.ts';
import { endReaders } from '../writers.ts';
import { duration } from '../../domain/text.ts';
import type { StartedApp } from './step.ts';

/** A Service takes a moment to see that pods are ready; what still fails after this is the application. */
const healthyWithin = 20_000;

/**
 * Runbook, Step 7. Wanted: the database is back under its name, every workload has its wanted replicas, all
 * Ready within `readyWithin`, and answers 200 on its health path; the service's own HTTP checks pass. Then what
 * else was paused is resumed, apart from what would bring the bad release back (law 4). The record is told first that the
 * application may have written again: a crash right after must not be taken for a standstill.
 *
 * @throws Failure NotReady, Unhealthy (with what the pods say), VerificationFailed (migrated again), DatabaseInvalid, OperationLost,
 *   DatabaseUnreachable, KubernetesUnreachable, KubernetesRightMissing
 */
export async function startApp(context: ActivityContext): Promise<StartedApp> {
  const { plan, service } = context;
  const record = await context.record.update((now) => ({
    ...now,
    writes: 'resumed',
    resumedAt: now.resumedAt ?? new Date().toISOString(),
  }));
  await endReaders(context);
  context.progress({ doing: 'gives the database its name back' });
  await context.fence.lower();
  const began = Date.now();
  for (const { deployment, wanted } of plan.workloads) {
    context.progress({ doing: `scales Deployment ${deployment} to ${wanted.replicas}` });
    await scale(context.cluster, service.namespace, deployment, wanted.replicas);
  }
  const workloads: StartedApp['workloads'] = [];
  for (const { deployment, wanted } of plan.workloads) {
    await ready(context, definitionOf(plan, deployment));
    workloads.push({ deployment, replicas: wanted.replicas, seconds: (Date.now() - began) / 1_000 });
  }
  const answers: StartedApp['health'] = [];
  for (const { deployment, wanted } of plan.workloads) {
    const check = definitionOf(plan, deployment).health;
    if (check === undefined || wanted.replicas === 0) continue;
    context.progress({ doing: `asks ${deployment} for ${check.path}` });
    answers.push({
      deployment,
      path: check.path,
      status: await healthy(context, deployment, check),
    });
  }
  const http = holding(service.checks.http, plan.reverts);
  for (const check of http) await passes(context, check);
  if (plan.kind === 'rollback') await assertStayed(context);
  const paused = record.stopped.paused;
  for (const pause of paused.filter(({ until }) => until === 'start')) {
    context.progress({ doing: `resumes ${pause.what}` });
    await resume(context, pause, plan.database.name);
  }
  const staysPaused = paused.filter(({ until }) => until === 'person');
  return {
    workloads,
    health: answers,
    ...(http.length > 0 && { checks: http.map(({ name }) => name) }),
    ...(staysPaused.length > 0 && { staysPaused }),
  };
}

/** An init container, or a Job that nobody knew of, may have migrated the database again when the pods started. */
async function assertStayed({ plan, tool, database: session }: ActivityContext): Promise<void> {
  const { database, target } = plan;
  const at = await session(database.name, (client) => revisionOf(client, tool));
  if (at === target) return;
  throw new Failure(
    'VerificationFailed',
    `Database ${database.name} is at ${at}, not at ${target}, since the application has started: an init container or a Job migrated it again.`,
  );
}

function definitionOf({ service }: Plan, deployment: string): Workload {
  const found = service.workloads.find((workload) => workload.deployment === deployment);
  if (found === undefined)
    throw new Failure('InvalidDefinition', `The plan has no definition of ${deployment}.`);
  return found;
}

async function ready(context: ActivityContext, workload: Workload): Promise<void> {
  const { cluster, service, signal } = context;
  const { deployment, readyWithin } = workload;
  let last: Readiness | undefined;
  const done = await poll({ every: 500, within: readyWithin, signal }, async () => {
    last = await readinessOf(cluster, service.namespace, deployment);
    const trouble = last.trouble[0];
    context.progress({
      doing: `waits for pods of ${deployment}${trouble === undefined ? '' : `: ${trouble}`}`,
      done: last.readyPods,
      unit: 'pods',
    });
    return last.ready ? last : undefined;
  });
  if (done !== undefined) return;
  throw new Failure(
    'NotReady',
    `Deployment ${deployment} was not ready within ${duration(readyWithin)}: ` +
      `${last?.trouble.join('; ') || 'Kubernetes gives no reason'}.${await said(cluster, service.namespace, deployment)}`,
  );
}

async function healthy(
  { cluster, service, signal }: ActivityContext,
  deployment: string,
  check: NonNullable<Workload['health']>,
): Promise<number> {
  let last: Health | undefined;
  const done = await poll({ every: 500, within: healthyWithin, signal }, async () => {
    last = await health(cluster, service.namespace, check);
    return last.status === 200 ? last : undefined;
  });
  if (done !== undefined) return done.status;
  throw new Failure(
    'Unhealthy',
    `${deployment} answers ${check.path} with ${last?.status}: ${last?.said}.${await said(cluster, service.namespace, deployment)}`,
  );
}

/** One of the service's own checks: asked again until it passes or its time is over. */
async function passes(context: ActivityContext, check: HttpCheck): Promise<void> {
  const { cluster, service, signal } = context;
  const { name, path, contains, status, within } = check;
  context.progress({ doing: `makes the check “${name}”` });
  let last: Health | undefined;
  const done = await poll({ every: 500, within, signal }, async () => {
    last = await health(cluster, service.namespace, check);
    return last.status === status && last.body.includes(contains ?? '') ? last : undefined;
  });
  if (done !== undefined) return;
  const wanted = contains === undefined ? `${status}` : `${status} with “${contains}”`;
  throw new Failure(
    'Unhealthy',
    `Own check “${name}” wants ${wanted} of ${check.service}${path}, which answers ${last?.status}: ${last?.said}`,
  );
}

/** What the pods that matter said last, for the person who decides; it never hides the failure itself. */
async function said(cluster: Cluster, namespace: string, deployment: string): Promise<string> {
  try {
    const pods = await podsOfDeployment(cluster, await readDeployment(cluster, namespace, deployment));
    const unready = pods.filter((pod) => !isReady(pod));
    const lines = await lastLines(cluster, (unready.length > 0 ? unready : pods).slice(0, 2));
    return lines.length === 0 ? '' : `\nLast lines of its log:\n${lines.join('\n')}`;
  } catch (error) {
    return `\nIts log could not be read: ${String(error)}`;
  }
}
