import { readFileSync } from 'node:fs';
import { Client } from 'pg';
import type { V1Job } from '@kubernetes/client-node';
import { kubectl } from '../../lab/site.ts';
import { withDatabase } from '../../src/postgres/connect.ts';
import { crdNames, crds, custom } from './custom-resources.ts';
import { activityFixture, type ActivityFixture } from './activity-fixture.ts';

/** A small application that Argo CD, Flux and KEDA manage, that migrates by Jobs and takes part in replication. */
export interface ManagedFixture extends ActivityFixture {
  /** Namespace of the GitOps tools. */
  gitops: string;
  /** The world as it was at first. */
  before: World;
  world(): Promise<World>;
  grantOverOwners(): Promise<void>;
  sqlOnFenced(text: string): Promise<void>;
  /** Writes a row where the subscription takes its rows from. */
  publish(): Promise<void>;
  /** Rows that have come through the subscription. */
  news(): Promise<number>;
}

/** Every switch, and what it is set to; null for "not set". */
export interface World {
  state: string[];
  radar: unknown;
  apps: unknown;
  hourlySync: unknown;
  dailyRelease: unknown;
  scaledObject: unknown;
  scaledJob: unknown;
  migrating: Record<string, boolean>;
  subscription: boolean;
  /** Name under which the database is. */
  database: string;
}

/** A Job that runs for long. */
export function job(
  name: string,
  image: string,
  script: string,
  annotations: Record<string, string> = {},
): V1Job {
  const container = { name: 'job', image, imagePullPolicy: 'IfNotPresent', command: ['sh', '-c', script] };
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: { name, annotations },
    spec: {
      backoffLimit: 0,
      template: {
        spec: { terminationGracePeriodSeconds: 1, restartPolicy: 'Never', containers: [container] },
      },
    },
  };
}

export const migration = (name: string, image: string) =>
  job(name, image, 'echo alembic upgrade head; sleep 600');

const automated = (value: object) => ({
  source: { path: 'radar' },
  syncPolicy: { automated: value, retry: { limit: 2 } },
});

export async function managedFixture(name: string): Promise<ManagedFixture> {
  const fixture = await activityFixture(name, (source) => {
    source.writes = {
      gracePeriod: '6s',
      quietFor: '1s',
      argocdNamespace: `${source.namespace}-gitops`,
      scaledJobs: ['ingest'],
    };
  });
  const gitops = `${fixture.namespace}-gitops`;
  const { old, new: bad } = fixture.images;
  const subscription = `feed_${fixture.postgres.operation.slice(3)}`;
  await fixture.kubectl('create', 'namespace', gitops);
  await fixture.apply(...crds);
  for (const crd of crdNames)
    await fixture.kubectl('wait', '--for=condition=established', `crd/${crd}`, '--timeout=30s');
  const role = readFileSync(new URL('../../deploy/rbac-owners.yaml', import.meta.url), 'utf8');
  const grantOverOwners = async () => {
    for (const namespace of [gitops, fixture.namespace])
      await kubectl(fixture.lab, ['apply', '-n', namespace, '-f', '-'], role);
  };
  await grantOverOwners();
  for (const object of [
    custom('Application', { name: 'apps', namespace: gitops }, automated({})),
    custom(
      'Application',
      { name: 'radar', namespace: gitops, labels: { 'argocd.argoproj.io/instance': 'apps' } },
      automated({ prune: true, selfHeal: true }),
    ),
    custom('Kustomization', { name: 'hourly', namespace: gitops }, { interval: '1m' }),
    custom('HelmRelease', { name: 'daily', namespace: gitops }, { interval: '1m', suspend: false }),
  ])
    await kubectl(fixture.lab, ['apply', '-f', '-'], JSON.stringify(object));
  await fixture.apply(
    custom('ScaledObject', { name: 'api' }, { scaleTargetRef: { name: 'api' } }),
    custom('ScaledObject', { name: 'elsewhere' }, { scaleTargetRef: { name: 'elsewhere' } }),
    custom('ScaledJob', { name: 'ingest', annotations: { team: 'data' } }, { jobTargetRef: {} }),
    custom('ScaledJob', { name: 'other' }, { jobTargetRef: {} }),
    migration('upgrade', bad),
    job('smoke', bad, 'sleep 600', { 'helm.sh/hook': 'post-upgrade' }),
    // A hook of something else, which has nothing to do with the database.
    job('innocent', `${old}-other`, 'sleep 600', { 'helm.sh/hook': 'post-upgrade' }),
  );
  await fixture.kubectl(
    'annotate',
    'deployment',
    'api',
    `argocd.argoproj.io/tracking-id=radar:apps/Deployment:${fixture.namespace}/api`,
  );
  await fixture.kubectl(
    'label',
    'cronjob',
    'hourly',
    'kustomize.toolkit.fluxcd.io/name=hourly',
    `kustomize.toolkit.fluxcd.io/namespace=${gitops}`,
  );
  await fixture.kubectl(
    'label',
    'cronjob',
    'daily',
    'helm.toolkit.fluxcd.io/name=daily',
    `helm.toolkit.fluxcd.io/namespace=${gitops}`,
  );
  const feed = await subscribe(fixture, subscription);

  const field = async (namespace: string, what: string, path: (object: Loose) => unknown) =>
    path(
      JSON.parse(await fixture.kubectl('-n', namespace, 'get', ...what.split(' '), '-o', 'json')) as Loose,
    ) ?? null;
  const world = async (): Promise<World> => ({
    state: await fixture.state(),
    radar: await field(gitops, 'applications.argoproj.io radar', ({ spec }) => spec['syncPolicy']?.automated),
    apps: await field(gitops, 'applications.argoproj.io apps', ({ spec }) => spec['syncPolicy']?.automated),
    hourlySync: await field(
      gitops,
      'kustomizations.kustomize.toolkit.fluxcd.io hourly',
      ({ spec }) => spec['suspend'],
    ),
    dailyRelease: await field(
      gitops,
      'helmreleases.helm.toolkit.fluxcd.io daily',
      ({ spec }) => spec['suspend'],
    ),
    scaledObject: await field(
      fixture.namespace,
      'scaledobjects.keda.sh api',
      ({ metadata }) => metadata.annotations?.['autoscaling.keda.sh/paused'],
    ),
    scaledJob: await field(
      fixture.namespace,
      'scaledjobs.keda.sh ingest',
      ({ metadata }) => metadata.annotations?.['autoscaling.keda.sh/paused'],
    ),
    migrating: (await field(fixture.namespace, 'jobs', (list) =>
      Object.fromEntries(list.items.map(({ metadata, spec }) => [metadata.name, spec['suspend'] ?? false])),
    )) as Record<string, boolean>,
    ...(await feed.look()),
  });
  return {
    ...fixture,
    gitops,
    before: await world(),
    world,
    grantOverOwners,
    publish: feed.publish,
    news: feed.news,
    sqlOnFenced: (text) => fixture.postgres.asSuperuser(fixture.postgres.fencedName, text),
    remove: async () => {
      await feed.remove();
      await fixture.kubectl('delete', 'crd', ...crdNames, '--ignore-not-found');
      await fixture.kubectl('delete', 'namespace', gitops, '--wait=false');
      await fixture.remove();
    },
  };
}

interface Loose {
  metadata: { name: string; annotations?: Record<string, string> };
  spec: Record<string, Record<string, unknown>>;
  items: Loose[];
}

/** Replication from another database of the server: a row a second would come whatever the database is called. */
export async function subscribe({ postgres }: ActivityFixture, name: string) {
  const source = `source ${postgres.operation.slice(3)}`;
  const { superuserUrl, owner } = postgres;
  const asSuperuser = (database: string, text: string) => postgres.asSuperuser(database, text);
  await asSuperuser('postgres', `CREATE DATABASE "${source}"`);
  await asSuperuser(source, `CREATE TABLE news (id int); CREATE PUBLICATION news FOR TABLE news`);
  await asSuperuser(source, `SELECT pg_create_logical_replication_slot('${name}', 'pgoutput')`);
  await asSuperuser(postgres.name, `CREATE TABLE news (id int); ALTER TABLE news OWNER TO ${owner}`);
  await asSuperuser(
    postgres.name,
    `CREATE SUBSCRIPTION ${name} CONNECTION '${withDatabase(superuserUrl, source)}' PUBLICATION news
       WITH (create_slot = false, slot_name = '${name}', copy_data = false)`,
  );
  await asSuperuser(
    postgres.name,
    `GRANT CREATE ON DATABASE "${postgres.name.replaceAll('"', '""')}" TO ${owner}`,
  );
  await asSuperuser(postgres.name, `ALTER SUBSCRIPTION ${name} OWNER TO ${owner}`);
  const query = async (text: string, on = 'postgres') => {
    const client = new Client({ connectionString: withDatabase(superuserUrl, on) });
    await client.connect();
    try {
      return (await client.query<Record<string, never>>(text)).rows;
    } finally {
      await client.end();
    }
  };
  const where = `SELECT d.datname AS at FROM pg_subscription s JOIN pg_database d ON d.oid = s.subdbid WHERE s.subname = '${name}'`;
  const at = async () => String((await query(where))[0]?.['at']);
  return {
    publish: () => asSuperuser(source, 'INSERT INTO news VALUES (1)'),
    news: async () => Number((await query('SELECT count(*) AS rows FROM news', await at()))[0]?.['rows']),
    look: async () => {
      const [row] = await query(
        `SELECT s.subenabled AS subscription, d.datname AS database FROM pg_subscription s JOIN pg_database d ON d.oid = s.subdbid WHERE s.subname = '${name}'`,
      );
      return row as unknown as { subscription: boolean; database: string };
    },
    remove: async () => {
      const [row] = await query(where);
      if (row !== undefined) {
        await asSuperuser(String(row['at']), `ALTER SUBSCRIPTION ${name} DISABLE`);
        await asSuperuser(String(row['at']), `ALTER SUBSCRIPTION ${name} SET (slot_name = NONE)`);
        await asSuperuser(String(row['at']), `DROP SUBSCRIPTION ${name}`);
      }
      await query(
        `SELECT pg_drop_replication_slot('${name}') FROM pg_replication_slots WHERE slot_name = '${name}' AND NOT active`,
      );
      await query(`DROP DATABASE IF EXISTS "${source}" WITH (FORCE)`);
    },
  };
}
