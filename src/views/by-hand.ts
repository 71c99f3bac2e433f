import { rollBackApp } from '../activities/roll-back-app/step.ts';
import { stopWrites } from '../activities/stop-writes/step.ts';
import { foundBy, hasBegun } from '../domain/journal/journal.ts';
import type { Journal } from '../domain/journal/journal.ts';
import { siblingName } from '../domain/names.ts';
import { undoByHand, type Pause } from '../domain/plan/pauses.ts';
import type { Plan, PlannedCronJob, PlannedWorkload, PointInTimePlan } from '../domain/plan/plan.ts';
import { savedSecret } from '../domain/plan/point-in-time.ts';
import { shellQuote, sqlName } from '../domain/text.ts';
import { revisionIn, situationIn } from './situation.ts';

/** Replicas to put back: those found, or the definition's where it was found stopped already (law 4). */
export const replicasToPutBack = (found: number, wanted: number) => (found > 0 ? found : wanted);

/** Suspension to put back: as found, or the definition's where it was found suspended already (law 4). */
export const suspensionToPutBack = (found: boolean, wanted: boolean) => found && wanted;

/** Over these commands, in a report and on the page. */
export const undoByHandTitle = 'Undo the stop by hand';

/** Which release fits the database as it is. */
interface Fits {
  /** Of `unclear` only a person can tell. */
  release: 'found' | 'target' | 'unclear';
  /** Some workloads have another image already: then it is set, for a revision that was gone back to is renumbered. */
  rolledBack: boolean;
}

/**
 * The commands that start everything again without Backstep, as one script that ends at its first failure: the
 * database gets its name back, workloads get the release that fits it, then everything that writes starts as it was
 * (runbook, Step 7). `ADMIN_DATABASE_URL` is the runbook's own variable (Emergency Database Restore).
 *
 * @param paused what `stop-writes` paused; what the plan names where it did not end
 * @param fits absent while database and releases are as they were found
 */
export function byHand(plan: Plan, paused: readonly Pause[] = plan.pauses, fits?: Fits): string[] {
  const { fencedName, name } = plan.database;
  return [
    'set -e',
    ...(plan.kind === 'point-in-time-restore' ? secretsByHand(plan) : []),
    ...(plan.service.workloads.some(({ stop }) => stop === 'read-only') ? [copyAway(plan)] : []),
    `psql "$ADMIN_DATABASE_URL" -c ${shellQuote(`ALTER DATABASE ${sqlName(fencedName)} RENAME TO ${sqlName(name)}`)}`,
    ...plan.workloads.flatMap((workload) => workloadByHand(plan, workload, fits)),
    ...plan.cronJobs.flatMap((cronJob) => cronJobByHand(plan, cronJob, fits)),
    ...paused.filter(({ until }) => until === 'start').map((pause) => undoByHand(pause, name)),
    ...paused
      .filter(({ until }) => until === 'person')
      .flatMap((pause) => [
        `# ${pause.what}: only once it no longer brings the bad release back`,
        undoByHand(pause, name),
      ]),
  ];
}

/** The same for an operation as far as it has come. */
export function byHandIn(journal: Journal, plan: Plan): string[] {
  const paused = foundBy(journal, stopWrites)?.paused;
  const rolledBack = hasBegun(journal, rollBackApp);
  if (!rolledBack && !situationIn(journal, { kind: plan.kind, plan }).pivotPassed)
    return byHand(plan, paused);
  // These commands lead to the old instance again.
  const revision = plan.kind === 'point-in-time-restore' ? plan.from : revisionIn(journal, plan.from);
  const release = revision === plan.target ? 'target' : revision === plan.from ? 'found' : 'unclear';
  return byHand(plan, paused, { release, rolledBack: rolledBack || plan.takesUp?.pivotPassed === true });
}

/** A release for what runs it; where nobody knows which fits, a person uncomments what does. */
function started(
  { target }: Plan,
  start: string,
  releases: { found: string; target: string | undefined },
  fits: Fits | undefined,
): string[] {
  if (fits === undefined) return [start];
  if (fits.release === 'unclear')
    return [
      '# Only with the release that fits the revision at which the database is now:',
      ...[releases.found, releases.target, start].flatMap((each) =>
        each === undefined ? [] : [`# ${each}`],
      ),
    ];
  const release = releases[fits.release];
  return release === undefined
    ? [`# Only once a release that fits ${target} is deployed:`, `# ${start}`]
    : [release, start];
}

function workloadByHand(
  plan: Plan,
  { deployment, found, wanted, rollBackTo }: PlannedWorkload,
  fits: Fits | undefined,
): string[] {
  const { namespace, migrations } = plan.service;
  const what = `deployment/${deployment}`;
  const container = deployment === migrations.workload ? migrations.container : undefined;
  const image = (name: string) => setImage(what, namespace, name, '.spec.template', container);
  const revision = fits?.rolledBack ? undefined : rollBackTo?.revision;
  const undo = `kubectl rollout undo ${what} -n ${namespace} --to-revision=${revision}`;
  return started(
    plan,
    `kubectl scale ${what} -n ${namespace} --replicas=${replicasToPutBack(found.replicas, wanted.replicas)}`,
    {
      found: image(found.image),
      target: revision === undefined ? rollBackTo && image(rollBackTo.image) : undo,
    },
    fits,
  );
}

function cronJobByHand(
  plan: Plan,
  { name, found, wanted, rollBackTo }: PlannedCronJob,
  fits: Fits | undefined,
): string[] {
  const { namespace } = plan.service;
  const image = (to: string) => setImage(`cronjob/${name}`, namespace, to, '.spec.jobTemplate.spec.template');
  return started(
    plan,
    `kubectl patch cronjob ${name} -n ${namespace} -p '{"spec":{"suspend":${suspensionToPutBack(found.suspended, wanted.suspended)}}}'`,
    { found: image(found.image), target: rollBackTo && image(rollBackTo.image) },
    fits,
  );
}

function setImage(what: string, namespace: string, image: string, template: string, container?: string) {
  const first = `$(kubectl get ${what} -n ${namespace} -o jsonpath='{${template}.spec.containers[0].name}')`;
  return `kubectl set image ${what} -n ${namespace} "${container ?? first}=${image}"`;
}

/** Does nothing where the Secrets were not switched: then there is no kept Secret. */
function secretsByHand({ service, recovery }: PointInTimePlan): string[] {
  const { namespace, database } = service;
  const references = [database.url, database.admin, database.extensionAdmin].filter(
    (each) => each !== undefined,
  );
  return references.map(({ secret, key }) => {
    const path = `{.data.${`${secret}.${key}`.replaceAll('.', '\\.')}}`;
    const saved = `kubectl get secret ${savedSecret(recovery)} -n ${namespace} -o jsonpath=${shellQuote(path)}`;
    const body = `"{\\"data\\":{\\"${key}\\":\\"$old\\"}}"`;
    return `old=$(${saved}) && [ -n "$old" ] && kubectl patch secret ${secret} -n ${namespace} -p ${body}`;
  });
}

/** The copy from which workloads read stands under the database's name: it is renamed, not dropped. */
function copyAway({ database: { name }, operation }: Plan): string {
  const [copy, kept] = [sqlName(name), sqlName(siblingName(name, 'reads', operation))];
  const statements = [
    `ALTER DATABASE ${copy} ALLOW_CONNECTIONS false`,
    `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '${name.replaceAll("'", "''")}'`,
    `ALTER DATABASE ${copy} RENAME TO ${kept}`,
  ];
  return `psql "$ADMIN_DATABASE_URL" ${statements.map((each) => `-c ${shellQuote(each)}`).join(' ')}`;
}
