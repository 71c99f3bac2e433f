import { shortHash } from '../../domain/plan/hash.ts';
import type { EmergencyPlan, Assessment } from '../../domain/plan/plan.ts';
import type { ServiceDefinition } from '../../domain/definition/service.ts';
import { revisionText } from '../../domain/plan/revision.ts';
import { sourceInWords } from '../../domain/plan/source.ts';
import { earlierToRestore } from './emergency/earlier.ts';
import { proveFits } from './emergency/fits.ts';
import { findSource, type Found } from './emergency/source.ts';
import { toolOf } from '../../migrations/index.ts';
import type { MigrationTool } from '../../migrations/tool.ts';
import { lookAtCluster, type ClusterFacts } from './cluster.ts';
import { lookAtDatabase, type DatabaseFacts } from './database.ts';
import { Faults } from './faults.ts';
import { proveThatPeopleCan } from './people.ts';
import { candidatesOf, inspectImages, type SeenImage } from './images.ts';
import { observe } from './observations.ts';
import { planPauses } from './pauses.ts';
import { lookAtPods } from './pods.ts';
import { planCronJob, planWorkload } from './releases.ts';
import { lookAtServer, type ServerFacts } from './server.ts';
import { areSearchAttributesRegistered } from './temporal.ts';
import type { BaseContext } from '../context.ts';
import type { AssessInputOf } from './step.ts';

type Input = AssessInputOf<'emergency-restore'>;
type Answer = Assessment;

/**
 * Finds what is restored from and reads all of it, pins what will be done, and proves every right needed for it,
 * the undo included. The database may miss tables, or hold any revision: that is what it is restored for. Changes
 * nothing (runbook, Emergency Database Restore).
 */
export async function assessRestore(dependencies: BaseContext, input: Input): Promise<Answer> {
  const { request, operation, onlyPlan } = input;
  dependencies.progress({ doing: `reading the definition of ${request.service}` });
  const loaded = await dependencies.definitions.load(request.service);
  if ('faults' in loaded) return { kind: 'refused', faults: loaded.faults };
  const service = loaded.definition;
  const tool = toolOf(dependencies, service);
  const faults = new Faults();
  const refused = (): Answer => ({ kind: 'refused', faults: [...faults.all] });

  dependencies.progress({ doing: 'looking at the cluster and at the database' });
  const [cluster, [facts, database]] = await Promise.all([
    lookAtCluster(dependencies, service, faults),
    lookAtBoth(dependencies, service, { operation, onlyPlan, faults }),
  ]);
  await proveThatPeopleCan(dependencies, service.approvals, faults);
  const jobImage = service.backup.image ?? dependencies.jobImage;
  if (jobImage === undefined)
    faults.add(
      'InvalidDefinition',
      'No image to restore with: name backup.image, or set BACKSTEP_JOB_IMAGE.',
    );
  if (facts === undefined || database === undefined || jobImage === undefined) return refused();
  const before = earlierToRestore(operation, facts);
  if (before.kind === 'nothing-to-do') return { ...before, revision: revisionText(database.revisions) };
  if (before.kind === 'refused') {
    faults.take(before.fault);
    return refused();
  }

  const pauses = await planPauses(dependencies, service, { cluster, facts, operation, faults });
  const asking = { service, operation, facts, jobImage };
  const found = await faults.try(() => findSource(dependencies, asking, request.from));
  if (found === undefined) return refused();
  await proveFits(service, operation, found, { facts, faults, notes: cluster.notes });
  dependencies.progress({ doing: 'asking the images for their migrations' });
  const images = await askImages(dependencies, { service, input, cluster, facts });
  const known = { input, service, cluster, facts, database, images, found, tool, faults, jobImage };
  const plan: EmergencyPlan = { ...planOf(known), pauses };
  if (faults.all.length > 0) return refused();

  dependencies.progress({ doing: 'documenting the state before' });
  const pods = await lookAtPods(dependencies, cluster.workloads, tool);
  const observations = await observe(operation, { facts, pods });
  observations.notes.unshift(`Found: ${sourceInWords(found.source)}`, ...found.notes, ...cluster.notes);
  return {
    kind: 'planned',
    plan,
    hash: shortHash(plan),
    observations,
    searchAttributes: await areSearchAttributesRegistered(),
  };
}

async function lookAtBoth(
  dependencies: BaseContext,
  service: ServiceDefinition,
  { operation, onlyPlan, faults }: Pick<Input, 'operation' | 'onlyPlan'> & { faults: Faults },
): Promise<[ServerFacts | undefined, DatabaseFacts | undefined]> {
  const facts = await lookAtServer(dependencies, service, operation, { onlyPlan, faults });
  if (facts === undefined) return [undefined, undefined];
  return [facts, await lookAtDatabase(dependencies, service, operation, { facts, faults, mayMiss: true })];
}

interface Known {
  input: Input;
  service: ServiceDefinition;
  cluster: ClusterFacts;
  facts: ServerFacts;
  database: DatabaseFacts;
  images: SeenImage[];
  found: Found;
  tool: MigrationTool;
  faults: Faults;
  jobImage: string;
}

function askImages(
  dependencies: BaseContext,
  { service, input, cluster, facts }: Pick<Known, 'service' | 'input' | 'cluster' | 'facts'>,
): Promise<SeenImage[]> {
  const candidates = candidatesOf(toolOf(dependencies, service), service, cluster.workloads);
  const fencedName = facts.now === facts.name ? {} : { database: facts.now };
  return inspectImages(dependencies, { service, operation: input.operation, candidates, ...fencedName });
}

/** The release that fits is the one whose image needs the revision in what is restored (runbook, Step 6). */
function planOf(known: Known): EmergencyPlan {
  const { input, service, cluster, facts, database, images, found, tool, faults, jobImage } = known;
  const { record } = facts;
  const target = found.source.revision;
  const choice = { tool, images, target, record, faults, notes: cluster.notes };
  const workloads = cluster.workloads.map((seen) => planWorkload(seen, choice));
  const holds = images.find(({ inspection }) =>
    inspection?.history.some(({ revision }) => revision === target),
  );
  return {
    kind: 'emergency-restore',
    operation: input.operation,
    service,
    request: input.request,
    source: found.source,
    database: {
      server: facts.server,
      serverMajor: facts.serverMajor,
      name: facts.name,
      owner: facts.owner,
      role: database.role,
      fencedName: facts.fencedName,
    },
    from: revisionText(database.revisions),
    target,
    reverts: [],
    migrationImage: holds?.image ?? cluster.workloads[0]?.image ?? '',
    jobImage,
    workloads,
    cronJobs: cluster.cronJobs.map((seen) => planCronJob(seen, workloads, choice)),
    ...(record && {
      takesUp: { operation: record.operation, pivotPassed: record.pivotAt !== undefined },
    }),
    people: service.approvals.restore.people,
  };
}
