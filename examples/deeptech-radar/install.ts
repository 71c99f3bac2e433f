import { image, type Recipe } from '../../lab/image.ts';
import type { Lab } from '../../lab/lab.ts';
import { Cluster, until } from '../cluster.ts';
import { createDatabase, dropDatabase } from '../database.ts';
import { job, secrets } from '../manifests.ts';
import { recipes } from './images.ts';
import {
  cronJobNames,
  databaseSecret,
  workloads,
  type CronJobChange,
  type CronJobName,
} from './manifests.ts';

/** DeepTech Radar as it stands in the lab. */
export interface Radar {
  namespace: string;
  database: string;
  /** The application's role, which owns the database. */
  owner: string;
  /** As the application connects; also in Secret `deeptech-database`. */
  databaseUrl: string;
  /** As Backstep connects, to database `postgres`; also in Secret `backstep-admin`. */
  adminUrl: string;
  images: { old: string; new: string };
}

export interface InstallOptions {
  namespace: string;
  database: string;
  /** Rows in the four tables together. */
  rows?: number;
  seed?: number;
  /** Of the Deployment. */
  replicas?: number;
  cronJobs?: Partial<Record<CronJobName, CronJobChange>>;
  /** Other images than release 1 and release 2. */
  images?: { old?: Recipe; new?: Recipe };
  /** False for an old release that never gets Ready. */
  awaitReady?: boolean;
}

export const defaultRows = 60_000;

/** Release 1 at revision 0004, seeded, Ready: in a namespace and a database of its own. */
export async function install(lab: Lab, options: InstallOptions): Promise<Radar> {
  const { namespace, replicas = 2, cronJobs = {} } = options;
  const { cluster, radar } = await prepare(lab, options, (release1) => [release1]);
  await cluster.create(workloads({ namespace, image: radar.images.old, replicas, cronJobs }));
  if (options.awaitReady !== false) await cluster.deploymentReady(namespace, 'deeptech-api');
  return radar;
}

/**
 * What `install` and `migrateBadly` leave, without the pods that lead there: the database is a clone at revision 0005,
 * release 1 a ReplicaSet that never had a pod. Ends when release 2 is wanted, not when it is seen to fail.
 */
export async function installBroken(lab: Lab, options: InstallOptions): Promise<Radar> {
  const { namespace, replicas = 2, cronJobs = {} } = options;
  const release2 = await image(lab, recipes.new);
  const { cluster, radar } = await prepare(lab, options, (release1) => [release1, release2]);
  const { old, new: bad } = radar.images;
  const [deployment, ...others] = workloads({ namespace, image: bad, replicas, cronJobs });
  const [before] = workloads({ namespace, image: old, replicas: 0, cronJobs });
  if (deployment === undefined || before === undefined) throw new Error('the application has no Deployment');
  await cluster.create([before, ...others]);
  await cluster.deploymentReady(namespace, 'deeptech-api');
  await cluster.setImage('Deployment', namespace, 'deeptech-api', bad);
  await cluster.scale(namespace, 'deeptech-api', replicas);
  return radar;
}

/**
 * Images, a namespace, and a database cloned from one that releases have migrated.
 *
 * @param migratedBy images in order, given that of release 1, which seeds once it has migrated
 */
async function prepare(
  lab: Lab,
  options: InstallOptions,
  migratedBy: (release1: string) => string[],
): Promise<{ cluster: Cluster; radar: Radar }> {
  const { namespace, database, rows = defaultRows, seed = 1 } = options;
  const cluster = await Cluster.of(lab);
  const release1 = await image(lab, recipes.old);
  const images = {
    old: options.images?.old ? await image(lab, options.images.old) : release1,
    new: await image(lab, options.images?.new ?? recipes.new),
  };

  const releases = migratedBy(release1);

  await cluster.createNamespace(namespace);
  const { owner, url, adminUrl } = await createDatabase(
    lab,
    database,
    [...releases, rows, seed].join(),
    async (template) => {
      await cluster.create(secrets(namespace, { 'deeptech-seed': template }));
      for (const [index, release] of releases.entries()) {
        const fill = index === 0 ? ` && python3 -m radar.seed --rows ${rows} --seed ${seed}` : '';
        const command = ['sh', '-c', `alembic upgrade head${fill}`];
        const name = `deeptech-seed-${index + 1}`;
        await cluster.create([job(namespace, name, release, command, 'deeptech-seed')]);
        await cluster.jobDone(namespace, name, 300 + rows / 1_000);
        await cluster.deleteJob(namespace, name);
      }
      await cluster.core.deleteNamespacedSecret({ namespace, name: 'deeptech-seed' });
    },
  );
  await cluster.create(secrets(namespace, { [databaseSecret]: url, 'backstep-admin': adminUrl }));
  return { cluster, radar: { namespace, database, owner, databaseUrl: url, adminUrl, images } };
}

export interface BadMigrationOptions {
  /** What the pipeline tells Alembic; `heads` where a variant has several. */
  target?: 'head' | 'heads';
}

/**
 * Release 2 as a deployment pipeline rolls it out: Job `deeptech-migrate`, then the new image everywhere.
 * Ends when it is seen to fail: no pod Ready, a pod of the new release and every pod of the old one
 * answering /health with 500.
 */
export async function migrateBadly(lab: Lab, radar: Radar, options: BadMigrationOptions = {}): Promise<void> {
  const { namespace, images } = radar;
  const cluster = await upgrade(lab, radar, options);
  await cluster.setImage('Deployment', namespace, 'deeptech-api', images.new);
  await Promise.all(cronJobNames.map((name) => cluster.setImage('CronJob', namespace, name, images.new)));
  await until(`release 2 of ${namespace} failing`, 60, () => seenFailing(cluster, radar));
}

/** The migration alone, by Job `deeptech-migrate`. */
export async function upgrade(
  lab: Lab,
  { namespace, images }: Radar,
  options: BadMigrationOptions = {},
): Promise<Cluster> {
  const cluster = await Cluster.of(lab);
  const command = ['alembic', 'upgrade', options.target ?? 'head'];
  await cluster.deleteJob(namespace, 'deeptech-migrate'); // The one of an earlier deployment.
  await cluster.create([job(namespace, 'deeptech-migrate', images.new, command, databaseSecret)]);
  await cluster.jobDone(namespace, 'deeptech-migrate');
  return cluster;
}

async function seenFailing(cluster: Cluster, { namespace, images }: Radar): Promise<boolean> {
  const { status } = await cluster.apps.readNamespacedDeployment({ namespace, name: 'deeptech-api' });
  if (status?.readyReplicas) return false;
  const pods = (await cluster.pods(namespace, 'app=deeptech-api')).filter(
    (pod) => !pod.metadata?.deletionTimestamp,
  );
  const fails = await Promise.all(
    pods.map(async (pod) => ({
      isNew: pod.spec?.containers[0]?.image === images.new,
      failing: (await health(pod.status?.podIP)) === 500,
    })),
  );
  return (
    fails.some(({ isNew, failing }) => isNew && failing) &&
    fails.every(({ isNew, failing }) => isNew || failing)
  );
}

async function health(address: string | undefined): Promise<number | undefined> {
  if (!address) return undefined;
  try {
    const response = await fetch(`http://${address}:8000/health`, { signal: AbortSignal.timeout(5000) });
    await response.arrayBuffer();
    return response.status;
  } catch {
    return undefined; // Not listening yet, or no longer.
  }
}

/** Removes the namespace, the database with all that a rollback made of it, and its roles. */
export async function uninstall(lab: Lab, radar: Pick<Radar, 'namespace' | 'database'>): Promise<void> {
  const cluster = await Cluster.of(lab);
  await cluster.deleteNamespace(radar.namespace);
  await dropDatabase(lab, radar.database);
}
