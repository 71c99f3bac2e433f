import { shortHash } from '../../domain/plan/hash.ts';
import { briefly } from '../../domain/migration-code.ts';
import type { Pause } from '../../domain/plan/pauses.ts';
import type { Plan, PlanKind, Assessment } from '../../domain/plan/plan.ts';
import type { ServiceDefinition } from '../../domain/definition/service.ts';
import { base, revisionText } from '../../domain/plan/revision.ts';
import { toolOf } from '../../migrations/index.ts';
import type { HistoryRevision, MigrationTool } from '../../migrations/tool.ts';
import { lookAtCluster, type ClusterFacts } from './cluster.ts';
import { lookAtDatabase, type DatabaseFacts } from './database.ts';
import { diagnose } from './diagnosis.ts';
import { earlier, type Earlier } from './earlier.ts';
import { Faults } from './faults.ts';
import { proveThatPeopleCan } from './people.ts';
import { candidatesOf, inspectImages, type SeenImage } from './images.ts';
import { migrationImage, type MigrationImage } from './migrations.ts';
import { observe } from './observations.ts';
import { planPauses } from './pauses.ts';
import { lookAtPods } from './pods.ts';
import { planCronJob, planWorkload } from './releases.ts';
import { lookAtServer, type ServerFacts } from './server.ts';
import { areSearchAttributesRegistered } from './temporal.ts';
import type { BaseContext } from '../context.ts';
import { redact } from '../../domain/redact.ts';
import type { AssessInputOf } from './step.ts';

type Input = AssessInputOf<undefined>;
type Answer = Assessment;

/** For a point-in-time restore: the revision may stay as it is, and records of other kinds are not taken up. */
export interface How {
  kind?: PlanKind;
  mayStay?: boolean;
}

/**
 * Pins everything decided, apart from what is only seen, and proves every right needed later, the undo
 * included. Changes nothing: the Jobs that ask the images are removed again. Whatever is wrong is named in
 * one refusal (runbook, Pre-Rollback Checklist and Step 3).
 */
export async function assess(dependencies: BaseContext, input: Input, how: How = {}): Promise<Answer> {
  dependencies.progress({ doing: `reading the definition of ${input.request.service}` });
  const loaded = await dependencies.definitions.load(input.request.service);
  if ('faults' in loaded) return { kind: 'refused', faults: loaded.faults };
  const service = loaded.definition;
  const tool = toolOf(dependencies, service);
  const faults = new Faults();
  const refused = (): Answer => ({ kind: 'refused', faults: [...faults.all] });

  dependencies.progress({ doing: 'looking at the cluster and at the database' });
  const [cluster, [facts, database]] = await Promise.all([
    lookAtCluster(dependencies, service, faults),
    lookAtBoth(dependencies, service, input, faults),
  ]);
  await proveThatPeopleCan(dependencies, service.approvals, faults);
  const jobImage = service.backup.image ?? dependencies.jobImage;
  if (jobImage === undefined) {
    faults.add(
      'InvalidDefinition',
      'No image for backups: name backup.image, or set BACKSTEP_JOB_IMAGE of the worker.',
    );
  }
  if (facts === undefined || database === undefined) return refused();

  const before = lookBack(input, service, facts, database, how);
  if (before.kind === 'nothing-to-do') return { ...before, revision: revisionText(database.revisions) };
  if (before.kind === 'refused') {
    faults.take(before.fault);
    return refused();
  }
  const record = before.kind === 'takes-up' ? before.record : undefined;
  const current = record === undefined ? database.revisions : [record.from];
  const asked = before.kind === 'takes-up' ? before.record.target : before.asked;

  // Without any history it is known whether there is something to move, and from where.
  const first = tool.resolve(asked, [], current);
  const stays = how.mayStay === true || record !== undefined;
  if (first.kind === 'there' && !stays) return nothing(first.revision);
  if (current.length === 1 && current[0] === asked && !stays) return nothing(asked);
  if (current.length !== 1) {
    if (first.kind === 'refused') faults.take(first.fault);
    return refused();
  }
  const pauses = await planPauses(dependencies, service, {
    cluster,
    facts,
    operation: input.operation,
    faults,
  });
  dependencies.progress({ doing: 'asking the images for their migrations' });
  const images = await askImages(dependencies, { input, service, cluster, facts });
  const env =
    'env' in service.migrations.databaseUrl
      ? service.migrations.databaseUrl.env
      : service.migrations.databaseUrl.file;
  const chosen = migrationImage(
    images,
    { tool, holds: current[0] ?? '', current: database.revisions, env },
    faults,
  );
  if (chosen === undefined) return refused();
  const resolved = tool.resolve(asked, chosen.history, current);
  const target =
    resolved.kind === 'there' && how.mayStay === true
      ? { kind: 'move' as const, from: resolved.revision, target: resolved.revision, reverts: [] }
      : resolved;
  if (target.kind === 'there') return nothing(target.revision);
  if (target.kind === 'refused') {
    faults.take(target.fault);
    return refused();
  }
  const plan = planOf(
    {
      input,
      service,
      cluster,
      facts,
      database,
      before,
      images,
      chosen,
      pauses,
      faults,
      tool,
      jobImage: jobImage ?? '',
    },
    target,
  );
  if (faults.all.length > 0) return refused();

  dependencies.progress({ doing: 'documenting the state before' });
  const pods = await lookAtPods(dependencies, cluster.workloads, tool);
  const observations = await observe(input.operation, { facts, pods });
  observations.notes.unshift(...cluster.notes);
  observations.downgrades = sourcesOf(target.reverts);
  // What a rollback has stopped says nothing of the migration.
  if (facts.now === facts.name) {
    dependencies.progress({ doing: 'looking for the symptoms of the runbook' });
    const moved = { ...target, reverts: plan.reverts.map(({ revision }) => revision) };
    const known = {
      operation: input.operation,
      service,
      tool,
      facts,
      moved,
      pods,
      images,
      image: chosen.image,
    };
    observations.diagnosis = await diagnose(dependencies, known);
  }
  return {
    kind: 'planned',
    plan,
    hash: shortHash(plan),
    observations,
    searchAttributes: await areSearchAttributesRegistered(),
  };
}

const sourcesOf = (reverts: HistoryRevision[]) =>
  briefly(
    reverts.flatMap(({ revision, downgrade }) =>
      downgrade === undefined ? [] : [{ revision, text: redact(downgrade) }],
    ),
  );

const nothing = (revision: string): Answer => ({
  kind: 'nothing-to-do',
  reason: `The database is at ${revision} already.`,
  revision,
});

async function lookAtBoth(
  dependencies: BaseContext,
  service: ServiceDefinition,
  { operation, onlyPlan }: Input,
  faults: Faults,
): Promise<[ServerFacts | undefined, DatabaseFacts | undefined]> {
  const facts = await lookAtServer(dependencies, service, operation, { onlyPlan, faults });
  if (facts === undefined) return [undefined, undefined];
  return [facts, await lookAtDatabase(dependencies, service, operation, { facts, faults })];
}

function lookBack(
  { operation, request, onlyPlan }: Input,
  { coolDown }: ServiceDefinition,
  { record, open, finished }: ServerFacts,
  { revisions }: DatabaseFacts,
  { kind }: How,
): Earlier {
  const asked = { operation, request, onlyPlan, coolDown, now: Date.now(), kind };
  return earlier(asked, { record, finished, open, revisions });
}

function askImages(
  dependencies: BaseContext,
  {
    input,
    service,
    cluster,
    facts,
  }: { input: Input; service: ServiceDefinition; cluster: ClusterFacts; facts: ServerFacts },
): Promise<SeenImage[]> {
  const { operation } = input;
  const candidates = candidatesOf(toolOf(dependencies, service), service, cluster.workloads);
  const fencedName = facts.now === facts.name ? {} : { database: facts.now };
  return inspectImages(dependencies, { service, operation, candidates, ...fencedName });
}

interface Known {
  input: Input;
  service: ServiceDefinition;
  cluster: ClusterFacts;
  facts: ServerFacts;
  database: DatabaseFacts;
  before: Extract<Earlier, { kind: 'fresh' | 'takes-up' }>;
  images: SeenImage[];
  chosen: MigrationImage;
  pauses: Pause[];
  faults: Faults;
  tool: MigrationTool;
  jobImage: string;
}

function planOf(known: Known, { from, target, reverts }: Pick<Plan, 'from' | 'target' | 'reverts'>): Plan {
  const { input, service, cluster, facts, database, before, images, chosen, pauses, faults, tool, jobImage } =
    known;
  const takesUp = before.kind === 'takes-up' ? before.record : undefined;
  const choice = { tool, images, target, record: takesUp, faults, notes: cluster.notes };
  const workloads = cluster.workloads.map((seen) => planWorkload(seen, choice));
  const { approvals } = service;
  if (before.kind === 'takes-up' && before.open) {
    cluster.notes.unshift(
      `Operation ${before.record.operation} on this database is open (workflow ${before.record.workflowId}).`,
    );
  }
  return {
    operation: input.operation,
    service,
    request: input.request,
    database: {
      server: facts.server,
      serverMajor: facts.serverMajor,
      name: facts.name,
      owner: facts.owner,
      role: database.role,
      fencedName: facts.fencedName,
    },
    from,
    target,
    reverts: reverts.map(({ revision, parents, message, path }) => ({ revision, parents, message, path })),
    migrationImage: chosen.image,
    jobImage,
    workloads,
    cronJobs: cluster.cronJobs.map((seen) => planCronJob(seen, workloads, choice)),
    pauses,
    ...(takesUp && { takesUp: { operation: takesUp.operation, pivotPassed: takesUp.pivotAt !== undefined } }),
    people: (target === base ? approvals.base : approvals.downgrade).people,
  };
}
