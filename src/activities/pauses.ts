import { migratingJobs, migratingJobsOf } from '../kubernetes/migrating-jobs.ts';
import { fieldOf, findObject, has, pauseOf, setPause } from '../kubernetes/pausable.ts';
import { nameOf } from '../kubernetes/pods.ts';
import { allOf } from '../kubernetes/writers.ts';
import type { Cluster } from '../kubernetes/cluster.ts';
import { scheduledQueries, setActive } from '../postgres/pg-cron.ts';
import { setEnabled, subscriptionsOf } from '../postgres/subscriptions.ts';
import type { Pause, PausedObject } from '../domain/plan/pauses.ts';
import type { ActivityContext } from './context.ts';

type DatabasePause = Exclude<Pause, PausedObject>;
const inCluster = (pause: Pause): pause is PausedObject => pause.in === 'cluster';
const inDatabase = (pause: Pause): pause is DatabasePause => pause.in !== 'cluster';

/** Migrations that would start or go on, each with the switch that suspends it. */
export async function migratingPauses({ cluster, tool, plan }: ActivityContext): Promise<PausedObject[]> {
  const { namespace } = plan.service;
  const images = [plan.migrationImage, ...plan.workloads.map(({ found }) => found.image)];
  const jobs = await migratingJobs(cluster, migratingJobsOf(tool, plan.service, images));
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
export async function asFound(cluster: Cluster, pauses: readonly Pause[]): Promise<Pause[]> {
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
export async function pauseInCluster(cluster: Cluster, pauses: readonly Pause[]): Promise<string[]> {
  const done = await allOf(
    pauses.filter(inCluster).map(async (pause) => {
      const result = await setPause(cluster, pause, 'paused');
      return result === 'written' ? `${pause.what} was not paused` : undefined;
    }),
  );
  return done.filter((text) => text !== undefined);
}

/**
 * Pauses what writes from within the server: subscriptions, pg_cron.
 *
 * @param at name of the database right now
 * @returns in words, what was not so
 */
export async function pauseInDatabase(
  context: ActivityContext,
  pauses: readonly Pause[],
  at: string,
): Promise<string[]> {
  const done: string[] = [];
  for (const pause of pauses.filter(inDatabase)) {
    const result = await switched(context, pause, at, false);
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
  context: ActivityContext,
  pause: Pause,
  at: string,
): Promise<'written' | 'as wanted' | 'gone'> {
  return inCluster(pause) ? setPause(context.cluster, pause, 'found') : switched(context, pause, at, true);
}

const switched = (
  { admin }: ActivityContext,
  pause: DatabasePause,
  at: string,
  on: boolean,
): Promise<'written' | 'as wanted' | 'gone'> =>
  admin(
    (client) =>
      pause.in === 'pg_cron' ? setActive(client, pause.job, on) : setEnabled(client, pause.name, on),
    { on: whereOf(pause, at), statementTimeout: 15_000 },
  );

/** Database in which its switch is. */
const whereOf = (pause: DatabasePause, at: string): string =>
  pause.in === 'pg_cron' ? (pause.home ?? at) : at;

/**
 * Whether a pause is undone; what is gone has nothing left to undo.
 *
 * @param at name of the database right now
 */
export async function isResumed(context: ActivityContext, pause: Pause, at: string): Promise<boolean> {
  if (inCluster(pause)) {
    const object = await findObject(context.cluster, pause.on);
    return object === undefined || has(object, pause.field, pause.found);
  }
  const { name } = context.plan.database;
  return context.admin(
    async (client) => {
      if (pause.in === 'pg_cron') {
        const queries = await scheduledQueries(client, name);
        return queries.find(({ job }) => job === pause.job)?.active ?? true;
      }
      const subscriptions = await subscriptionsOf(client, at);
      return subscriptions.find((each) => each.name === pause.name)?.enabled ?? true;
    },
    { on: whereOf(pause, at) },
  );
}
