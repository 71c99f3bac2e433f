import { missingRights, rightInWords } from '../../kubernetes/rights.ts';
import { has } from '../../kubernetes/pausable.ts';
import { migratingJobs } from '../../kubernetes/migrating-jobs.ts';
import { ownersOf, type Owned } from '../../kubernetes/owners.ts';
import { nameOf } from '../../kubernetes/pods.ts';
import { toolOf } from '../../migrations/index.ts';
import type { MigrationTool } from '../../migrations/tool.ts';
import { withNewPauses, type Pause, type PausedObject } from '../../domain/plan/pauses.ts';
import type { OperationId } from '../../domain/names.ts';
import type { ServiceDefinition } from '../../domain/definition/service.ts';
import type { Dependencies } from '../context.ts';
import { migratingJobsOf } from '../pauses.ts';
import type { ClusterFacts } from './cluster.ts';
import type { Faults } from './faults.ts';
import { pausesInDatabase } from './pauses-in-database.ts';
import type { ServerFacts } from './server.ts';

/**
 * Decides what is paused beside workloads and CronJobs, so that it neither writes nor undoes the stop: GitOps
 * tools and KEDA, subscriptions, jobs of pg_cron. What the definition or a missing right leaves alone is named,
 * and so are Jobs that would migrate again: they come and go, and are found anew when writes are stopped.
 *
 * @returns what is paused; of an unfinished operation, what its record has
 */
export async function planPauses(
  dependencies: Dependencies,
  service: ServiceDefinition,
  of: { cluster: ClusterFacts; facts: ServerFacts; operation: OperationId; faults: Faults },
): Promise<Pause[]> {
  const { cluster, facts, operation, faults } = of;
  const { notes } = cluster;
  const tool = toolOf(dependencies, service);
  const before = facts.record?.stopped.paused ?? [];
  const [owners, database] = await Promise.all([
    faults.try(() => ownersToPause(dependencies, service, cluster)),
    faults.try(() => pausesInDatabase(tool, service, { facts, operation, faults, notes })),
    faults.try(() => nameMigratingJobs(dependencies, tool, service, cluster)),
  ]);
  return withNewPauses(before, [...(owners ?? []), ...(database ?? [])]);
}

async function ownersToPause(
  dependencies: Dependencies,
  { namespace, writes }: ServiceDefinition,
  { workloads, cronJobs, notes }: ClusterFacts,
): Promise<PausedObject[]> {
  const owned: Owned[] = [
    ...workloads.map(({ deployment }) => ({
      what: `Deployment ${nameOf(deployment)}`,
      kind: 'Deployment' as const,
      name: nameOf(deployment),
      object: { metadata: deployment.metadata ?? {} },
    })),
    ...cronJobs.map(({ cronJob }) => ({
      what: `CronJob ${nameOf(cronJob)}`,
      kind: 'CronJob' as const,
      name: nameOf(cronJob),
      object: { metadata: cronJob.metadata ?? {} },
    })),
  ];
  const owners = await ownersOf(dependencies.cluster, namespace, owned, writes);
  notes.push(...owners.notes);
  const pauses = await Promise.all(
    owners.found.map(async (owner) => {
      const { note, pause } = await decide(dependencies, owner, writes.owners);
      notes.push(note);
      return pause ? owner : undefined;
    }),
  );
  return pauses.filter((pause) => pause !== undefined);
}

async function decide(
  dependencies: Dependencies,
  owner: PausedObject,
  policy: 'pause' | 'name',
): Promise<{ note: string; pause: boolean }> {
  const { what, on, field, paused, until, found } = owner;
  const otherwise =
    until === 'person'
      ? 'pause it by hand, or it undoes the stop and brings the bad release back'
      : 'pause it by hand, or it starts the workload again';
  if (has({ ...spread(field, found) }, field, paused))
    return { note: `${what} was found paused already, and stays so.`, pause: false };
  if (policy === 'name')
    return { note: `${what} is not paused (writes.owners: name): ${otherwise}.`, pause: false };
  const { group, plural: resource, namespace } = on;
  const missing = await missingRights(dependencies.cluster, [{ verb: 'patch', group, resource, namespace }]);
  if (missing[0] !== undefined) {
    const right = `Backstep may not ${rightInWords(missing[0])} (deploy/rbac-owners.yaml)`;
    return { note: `${what} is not paused, for ${right}: ${otherwise}.`, pause: false };
  }
  const after =
    until === 'person'
      ? 'after a rollback it stays paused until a person resumes it'
      : 'resumed with the application';
  return { note: `${what} is paused while writes are stopped; ${after}.`, pause: true };
}

/** An object that holds a value in a field, and nothing else. */
const spread = (field: readonly string[], value: unknown): object =>
  field.reduceRight<unknown>((inner, key) => ({ [key]: inner }), value) as object;

async function nameMigratingJobs(
  dependencies: Dependencies,
  tool: MigrationTool,
  service: ServiceDefinition,
  { workloads, notes }: ClusterFacts,
): Promise<void> {
  const images = workloads.map(({ image }) => image);
  for (const { job, why } of await migratingJobs(
    dependencies.cluster,
    migratingJobsOf(tool, service, images),
  )) {
    notes.push(
      `Job ${nameOf(job)} migrates: ${why}. It is suspended when writes are stopped, and stays so after a rollback; put-back resumes it.`,
    );
  }
}
