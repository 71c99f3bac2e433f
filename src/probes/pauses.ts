import { missingRights, describeRight } from '../kubernetes/rights.ts';
import { has } from '../kubernetes/pausable.ts';
import { migratingJobs, migratingJobsOf } from '../kubernetes/migrating-jobs.ts';
import { ownersOf, type Owned } from '../kubernetes/owners.ts';
import { nameOf } from '../kubernetes/pods.ts';
import { withNewPauses, type Pause, type PausedObject } from '../domain/plan/pauses.ts';
import type { ClusterFacts } from './cluster.ts';
import { found, looking, faultsAndNotes, type Findings } from './findings.ts';
import { pausesInDatabase } from './pauses-in-database.ts';
import type { ProbeContext } from './context.ts';
import type { ServerFacts } from './server.ts';

/**
 * Decides what is paused beside workloads and CronJobs, so that it neither writes nor undoes the stop: GitOps
 * tools and KEDA, subscriptions, jobs of pg_cron. What the definition or a missing right leaves alone is named,
 * and so are Jobs that would migrate again: they come and go, and are found anew when writes are stopped.
 *
 * @returns what is paused; of an unfinished operation, what its record has
 */
export async function planPauses(
  context: ProbeContext,
  seen: ClusterFacts,
  facts: ServerFacts,
): Promise<Findings<Pause[]>> {
  const before = facts.record?.stopped.paused ?? [];
  const [owners, database, migrating] = await Promise.all([
    looking(() => ownersToPause(context, seen)),
    looking(() => pausesInDatabase(context, facts)),
    looking(() => nameMigratingJobs(context, seen)),
  ]);
  const planned = [...(owners.facts ?? []), ...(database.facts ?? [])];
  return found(withNewPauses(before, planned), faultsAndNotes([owners, database, migrating]));
}

async function ownersToPause(
  context: ProbeContext,
  { workloads, cronJobs }: ClusterFacts,
): Promise<Findings<PausedObject[]>> {
  const { namespace, writes } = context.service;
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
  const owners = await ownersOf(context.cluster, namespace, owned, writes);
  const decided = await Promise.all(
    owners.found.map(async (owner) => ({ owner, ...(await decide(context, owner, writes.owners)) })),
  );
  return found(
    decided.flatMap(({ owner, pause }) => (pause ? [owner] : [])),
    { notes: [...owners.notes, ...decided.map(({ note }) => note)] },
  );
}

async function decide(
  { cluster }: ProbeContext,
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
  const missing = await missingRights(cluster, [{ verb: 'patch', group, resource, namespace }]);
  if (missing[0] !== undefined) {
    const right = `Backstep may not ${describeRight(missing[0])} (deploy/rbac-owners.yaml)`;
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
  { cluster, tool, service }: ProbeContext,
  { workloads }: ClusterFacts,
): Promise<Findings<true>> {
  const images = workloads.map(({ image }) => image);
  const jobs = await migratingJobs(cluster, migratingJobsOf(tool, service, images));
  const notes = jobs.map(
    ({ job, why }) =>
      `Job ${nameOf(job)} migrates: ${why}. It is suspended when writes are stopped, and stays so after a rollback; put-back resumes it.`,
  );
  return found(true, { notes });
}
