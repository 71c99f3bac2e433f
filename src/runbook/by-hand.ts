import type { Plan } from './plan.ts';

const shellQuoted = (text: string) => `'${text.replaceAll("'", `'\\''`)}'`;
const identifier = (name: string) => `"${name.replaceAll('"', '""')}"`;

/** Replicas to put back: those found, or the definition's where it was found stopped already (law 4). */
export const replicasToPutBack = (found: number, wanted: number) => (found > 0 ? found : wanted);

/** Suspension to put back: as found, or the definition's where it was found suspended already (law 4). */
export const suspensionToPutBack = (found: boolean, wanted: boolean) => found && wanted;

/**
 * The commands that undo the freeze without Backstep: the database gets its name back, then everything that
 * writes starts as it was (runbook, Step 7). Printed at every hold, and in a report after which writes stay
 * stopped. `ADMIN_DATABASE_URL` is the runbook's own variable (Emergency Database Restore).
 */
export function byHand(plan: Plan): string[] {
  const { aside, name } = plan.database;
  const namespace = plan.service.namespace;
  return [
    `psql "$ADMIN_DATABASE_URL" -c ${shellQuoted(`ALTER DATABASE ${identifier(aside)} RENAME TO ${identifier(name)}`)}`,
    ...plan.workloads.map(
      (workload) =>
        `kubectl scale deployment/${workload.deployment} -n ${namespace} --replicas=${replicasToPutBack(workload.found.replicas, workload.wanted.replicas)}`,
    ),
    ...plan.cronJobs.map(
      (cronJob) =>
        `kubectl patch cronjob ${cronJob.name} -n ${namespace} -p '{"spec":{"suspend":${suspensionToPutBack(cronJob.found.suspended, cronJob.wanted.suspended)}}}'`,
    ),
  ];
}
