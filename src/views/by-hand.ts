import { besideName } from '../domain/names.ts';
import { undoByHand, type Pause } from '../domain/plan/pauses.ts';
import type { Plan, PointInTimePlan } from '../domain/plan/plan.ts';
import { keptSecret } from '../domain/plan/point-in-time.ts';
import { shellQuote, sqlName } from '../domain/text.ts';

/** Replicas to put back: those found, or the definition's where it was found stopped already (law 4). */
export const replicasToPutBack = (found: number, wanted: number) => (found > 0 ? found : wanted);

/** Suspension to put back: as found, or the definition's where it was found suspended already (law 4). */
export const suspensionToPutBack = (found: boolean, wanted: boolean) => found && wanted;

/**
 * The commands that undo the freeze without Backstep: the database gets its name back, then everything that
 * writes starts as it was (runbook, Step 7). Printed at every hold, and in a report after which writes stay
 * stopped. `ADMIN_DATABASE_URL` is the runbook's own variable (Emergency Database Restore).
 *
 * @param paused what `stop-writes` paused; what the plan names where it did not end
 */
export function byHand(plan: Plan, paused: readonly Pause[] = plan.pauses ?? []): string[] {
  const { fencedName, name } = plan.database;
  const namespace = plan.service.namespace;
  return [
    ...(plan.kind === 'point-in-time-restore' ? secretsByHand(plan) : []),
    ...(plan.service.workloads.some(({ stop }) => stop === 'read-only') ? [copyAway(plan)] : []),
    `psql "$ADMIN_DATABASE_URL" -c ${shellQuote(`ALTER DATABASE ${sqlName(fencedName)} RENAME TO ${sqlName(name)}`)}`,
    ...plan.workloads.map(
      (workload) =>
        `kubectl scale deployment/${workload.deployment} -n ${namespace} --replicas=${replicasToPutBack(workload.found.replicas, workload.wanted.replicas)}`,
    ),
    ...plan.cronJobs.map(
      (cronJob) =>
        `kubectl patch cronjob ${cronJob.name} -n ${namespace} -p '{"spec":{"suspend":${suspensionToPutBack(cronJob.found.suspended, cronJob.wanted.suspended)}}}'`,
    ),
    ...paused.filter(({ until }) => until === 'start').map((pause) => undoByHand(pause, name)),
    ...paused
      .filter(({ until }) => until === 'person')
      .flatMap((pause) => [
        `# ${pause.what}: only once it no longer brings the bad release back`,
        undoByHand(pause, name),
      ]),
  ];
}

/** Does nothing where the Secrets were not switched: then there is no kept Secret. */
function secretsByHand({ service, moment }: PointInTimePlan): string[] {
  const { namespace, database } = service;
  const references = [database.url, database.admin, database.extensionAdmin].filter(
    (each) => each !== undefined,
  );
  return references.map(({ secret, key }) => {
    const path = `{.data.${`${secret}.${key}`.replaceAll('.', '\\.')}}`;
    const kept = `kubectl get secret ${keptSecret(moment)} -n ${namespace} -o jsonpath=${shellQuote(path)}`;
    const body = `"{\\"data\\":{\\"${key}\\":\\"$old\\"}}"`;
    return `old=$(${kept}) && [ -n "$old" ] && kubectl patch secret ${secret} -n ${namespace} -p ${body}`;
  });
}

/** The copy from which workloads read stands under the database's name: it is renamed, not dropped. */
function copyAway({ database: { name }, operation }: Plan): string {
  const [copy, kept] = [sqlName(name), sqlName(besideName(name, 'reads', operation))];
  const statements = [
    `ALTER DATABASE ${copy} ALLOW_CONNECTIONS false`,
    `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '${name.replaceAll("'", "''")}'`,
    `ALTER DATABASE ${copy} RENAME TO ${kept}`,
  ];
  return `psql "$ADMIN_DATABASE_URL" ${statements.map((each) => `-c ${shellQuote(each)}`).join(' ')}`;
}
