import { migratingJobs, type MigratingJobs } from '../kubernetes/migrating-jobs.ts';
import { fieldOf, findObject, has, pauseOf, setPause } from '../kubernetes/pausable.ts';
import { nameOf } from '../kubernetes/pods.ts';
import { allOf } from '../kubernetes/writers.ts';
import { withClient, withDatabase } from '../postgres/connect.ts';
import { scheduledQueries, setActive } from '../postgres/pg-cron.ts';
import { setEnabled, subscriptionsOf } from '../postgres/subscriptions.ts';
import type { Pause, PausedObject } from '../domain/plan/pauses.ts';
import type { Plan } from '../domain/plan/plan.ts';
import type { ServiceDefinition } from '../domain/definition/service.ts';
import { adminUrl } from './connections.ts';
import type { Dependencies } from './dependencies.ts';

type DatabasePause = Exclude<Pause, PausedObject>;
const inCluster = (pause: Pause): pause is PausedObject => pause.in === 'cluster';
const inDatabase = (pause: Pause): pause is DatabasePause => pause.in !== 'cluster';

/** How Jobs that migrate are told from others, by the plan. */
export const migratingJobsOf = (
  { namespace, migrations, database, cronJobs }: ServiceDefinition,
  images: readonly string[],
): MigratingJobs => ({
  namespace,
  selector: migrations.jobs,
  images,
  secret: database.url.secret,
  cronJobs: cronJobs.map(({ name }) => name),
});

/** Migrations that would start or go on, each with the switch that suspends it. */
export async function migratingPauses({ cluster }: Dependencies, plan: Plan): Promise<PausedObject[]> {
  const { namespace } = plan.service;
  const images = [plan.migrationImage, ...plan.workloads.map(({ found }) => found.image)];
  const jobs = await migratingJobs(cluster, migratingJobsOf(plan.service, images));
  return jobs.map(({ job }) =>
    pauseOf(
      'job',
      { group: 'batch', version: 'v1', plural: 'jobs', namespace, name: nameOf(job) },
      { spec: { suspend: job.spec?.suspend ?? false } },
      'person',
    ),
  );
}

/** The plan's pauses with what they hold right now; what is gone meanwhile has nothing to pause. */
export async function asFound({ cluster }: Dependencies, pauses: readonly Pause[]): Promise<Pause[]> {
  const found = await allOf(
    pauses.map(async (pause) => {
      if (!inCluster(pause)) return pause;
      const object = await findObject(cluster, pause.on);
      if (object === undefined) return undefined;
      return { ...pause, found: fieldOf(object, pause.field) };
    }),
  );
  return found.filter((pause) => pause !== undefined);
}

/**
 * Pauses what lives in the cluster, all at once; does all that it can, then throws what failed first.
 *
 * @returns in words, what was not so
 */
export async function pauseInCluster({ cluster }: Dependencies, pauses: readonly Pause[]): Promise<string[]> {
  const done = await allOf(
    pauses.filter(inCluster).map(async (pause) => {
      const result = await setPause(cluster, pause, 'paused');
      return result === 'written' ? `${pause.what} was not paused` : undefined;
    }),
  );
  return done.filter((words) => words !== undefined);
}

/**
 * Pauses what writes from within the server: subscriptions, pg_cron.
 *
 * @param at name of the database right now
 * @returns in words, what was not so
 */
export async function pauseInDatabase(
  dependencies: Dependencies,
  plan: Plan,
  pauses: readonly Pause[],
  at: string,
): Promise<string[]> {
  const done: string[] = [];
  for (const pause of pauses.filter(inDatabase)) {
    const result = await switched(dependencies, plan, pause, at, false);
    if (result === 'written') done.push(`${pause.what} was not paused`);
  }
  return done;
}

/**
 * Undoes a pause.
 *
 * @param at name of the database right now
 * @returns `gone` where there is nothing any more that could be resumed
 */
export async function resume(
  dependencies: Dependencies,
  plan: Plan,
  pause: Pause,
  at: string,
): Promise<'written' | 'as wanted' | 'gone'> {
  return inCluster(pause)
    ? setPause(dependencies.cluster, pause, 'found')
    : switched(dependencies, plan, pause, at, true);
}

async function switched(
  dependencies: Dependencies,
  { service, operation }: Plan,
  pause: DatabasePause,
  at: string,
  on: boolean,
): Promise<'written' | 'as wanted' | 'gone'> {
  const options = { operation, statementTimeout: 15_000 };
  const url = await adminUrlOn(dependencies, service, pause.in === 'pg_cron' ? (pause.home ?? at) : at);
  return withClient(url, options, (client) =>
    pause.in === 'pg_cron' ? setActive(client, pause.job, on) : setEnabled(client, pause.name, on),
  );
}

/** The maintenance role is a member of the application's, so that it may do whatever that may. */
export const adminUrlOn = async (
  dependencies: Dependencies,
  service: ServiceDefinition,
  at: string,
): Promise<string> => withDatabase(await adminUrl(dependencies, service), at);

/**
 * Whether a pause is undone; what is gone has nothing left to undo.
 *
 * @param at name of the database right now
 */
export async function isResumed(
  dependencies: Dependencies,
  plan: Plan,
  pause: Pause,
  at: string,
): Promise<boolean> {
  if (inCluster(pause)) {
    const object = await findObject(dependencies.cluster, pause.on);
    return object === undefined || has(object, pause.field, pause.found);
  }
  const { service, operation, database } = plan;
  const url = await adminUrlOn(dependencies, service, pause.in === 'pg_cron' ? (pause.home ?? at) : at);
  return withClient(url, { operation }, async (client) => {
    if (pause.in === 'pg_cron') {
      const queries = await scheduledQueries(client, database.name);
      return queries.find(({ job }) => job === pause.job)?.active ?? true;
    }
    const subscriptions = await subscriptionsOf(client, at);
    return subscriptions.find(({ name }) => name === pause.name)?.enabled ?? true;
  });
}
