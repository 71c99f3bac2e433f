import { briefly } from '../../domain/migration-code.ts';
import { shortHash } from '../../domain/plan/hash.ts';
import type {
  OperationRequest,
  Assessment,
  Observations,
  NotificationSettings,
} from '../../domain/plan/plan.ts';
import type { ServiceDefinition } from '../../domain/definition/service.ts';
import { redact } from '../../domain/redact.ts';
import { deleteJob } from '../../kubernetes/jobs.ts';
import { probeAll } from '../../probes/findings.ts';
import { diagnose } from '../../probes/diagnosis.ts';
import { observe } from '../../probes/observations.ts';
import { lookAtPods } from '../../probes/pods.ts';
import type { ProbeContext } from '../../probes/context.ts';
import { providerOf } from '../../recovery/index.ts';
import { serviceContext, type BaseContext } from '../context.ts';
import { programJobName } from '../jobs.ts';
import {
  emergencyRestore,
  pointInTimeRestore,
  rollback,
  type Facts,
  type Kind,
  type Pinned,
} from './kinds.ts';
import type { AssessInputOf } from './step.ts';
import { areSearchAttributesRegistered, isOpen } from './temporal.ts';

type Input = AssessInputOf<OperationRequest['kind']>;
type Answer = Assessment;

/**
 * Pins everything decided, apart from what is only seen, and proves every right needed later, the undo included.
 * Changes nothing: the Jobs that ask the images and read a dump are removed again. Whatever is wrong is named in one
 * refusal (runbook, Pre-Rollback Checklist and Step 3; Emergency Database Restore; Point-in-Time Recovery, 1 to 4).
 */
export async function assess(base: BaseContext, input: Input): Promise<Answer> {
  const { service: name } = input.request;
  base.progress({ doing: `reading the definition of ${name}` });
  const loaded = await base.definitions.load(name);
  if ('faults' in loaded) return { kind: 'refused', faults: loaded.faults };
  const { definition: service } = loaded;
  if (input.kind === 'emergency-restore') return assessBy(emergencyRestore, base, service, input);
  if (input.kind === 'point-in-time-restore') return assessBy(pointInTimeRestore, base, service, input);
  return withNotificationSettings(input, service, await assessBy(rollback, base, service, input));
}

async function assessBy<A extends Input, F extends Facts>(
  kind: Kind<A, F>,
  base: BaseContext,
  service: ServiceDefinition,
  input: A,
): Promise<Answer> {
  const context = probeContext(base, { ...input, service });
  base.progress({ doing: 'looking at the cluster and at the database' });
  const { facts, faults, notes, nothing } = await probeAll(context, kind.probes(input));
  if (nothing !== undefined) return { kind: 'nothing-to-do', ...nothing };
  if (facts === undefined || faults.length > 0) return { kind: 'refused', faults: [...faults] };
  const plan = kind.plan(pin(context, facts), input, facts);
  const observations = await documented(context, facts, { notes, diagnosed: kind.diagnosed });
  const searchAttributes = await areSearchAttributesRegistered();
  return { kind: 'planned', plan, hash: shortHash(plan), observations, searchAttributes };
}

/** What probes look with. */
export function probeContext(
  base: BaseContext,
  { service, operation, onlyPlan }: Pick<ProbeContext, 'service' | 'operation' | 'onlyPlan'>,
): ProbeContext {
  const context = serviceContext(base, { service, operation });
  return {
    ...context,
    onlyPlan,
    providerOf: base.providerOf ?? providerOf,
    isOpen,
    inspectSecret: (database) => context.jobSecret({ part: 'inspect', database }),
    readDump: async (told) => {
      const job = { step: 'assess', part: 'source', orElse: 'SourceUnusable' } as const;
      try {
        return await context.runJob('read-dump', told, job);
      } finally {
        await deleteJob(base.cluster, service.namespace, programJobName(context, job));
      }
    },
  };
}

/** What every plan has. */
function pin({ service, operation }: ProbeContext, facts: Facts): Pinned {
  const { server, database, before, target, releases } = facts;
  const { record } = before;
  return {
    operation,
    service,
    database: {
      server: server.server,
      serverMajor: server.serverMajor,
      name: server.name,
      owner: server.owner,
      role: database.role,
      fencedName: server.fencedName,
    },
    from: target.from,
    target: target.target,
    reverts: target.reverts.map(({ revision, parents, message, path }) => ({
      revision,
      parents,
      message,
      path,
    })),
    migrationImage: target.migrationImage,
    jobImage: facts.jobImage,
    workloads: releases.workloads,
    cronJobs: releases.cronJobs,
    pauses: facts.pauses,
    ...(record && { takesUp: { operation: record.operation, pivotPassed: record.pivotAt !== undefined } }),
  };
}

/** Documents the state before anything is touched, and what it says of the migration. */
async function documented(
  context: ProbeContext,
  { server, cluster, images, target }: Facts,
  { notes, diagnosed }: { notes: readonly string[]; diagnosed: boolean },
): Promise<Observations> {
  context.progress({ doing: 'documenting the state before' });
  const pods = await lookAtPods(context.cluster, cluster.workloads, context.tool);
  const seen = await observe(context.operation, { facts: server, pods });
  const observations: Observations = { ...seen, notes: [...notes, ...seen.notes] };
  if (!diagnosed) return observations;
  observations.downgrades = briefly(
    target.reverts.flatMap(({ revision, downgrade }) =>
      downgrade === undefined ? [] : [{ revision, text: redact(downgrade) }],
    ),
  );
  // What a rollback has stopped says nothing of the migration.
  if (server.now !== server.name) return observations;
  context.progress({ doing: 'looking for the symptoms of the runbook' });
  const moved = { ...target, reverts: target.reverts.map(({ revision }) => revision) };
  observations.diagnosis = await diagnose(context, {
    facts: server,
    moved,
    pods,
    images,
    image: target.migrationImage,
  });
  return observations;
}

/**
 * An end before a plan is told to whoever started it. Where that is an alert, nobody reads the answer: then the
 * definition says who is told.
 */
export function withNotificationSettings(
  { request, onlyPlan }: Pick<AssessInputOf<'rollback'>, 'request' | 'onlyPlan'>,
  { notify, namespace }: NotificationSettings,
  answer: Answer,
): Answer {
  const answered =
    answer.kind === 'planned' || onlyPlan || request.alert === undefined || notify.length === 0;
  return answered ? answer : { ...answer, notificationSettings: { notify, namespace } };
}
