import { setTimeout as pause } from 'node:timers/promises';
import { Client } from 'pg';
import type { Attempt, Dependencies } from '../../src/activities/context.ts';
import { readRecord, recordName } from '../../src/kubernetes/records.ts';
import type { OperationId } from '../../src/domain/names.ts';
import type { Plan } from '../../src/domain/plan/plan.ts';
import type { OperationRecord } from '../../src/domain/record.ts';
import { serviceDefinition, type ServiceDefinitionSource } from '../../src/domain/definition/service.ts';
import {
  cronJob,
  deployment,
  kubernetesFixture,
  service,
  template,
  type KubernetesFixture,
} from './kubernetes-fixture.ts';
import { postgresFixture, type PostgresFixture } from './postgres-fixture.ts';

/** A small application on the cluster, and a database of its own: what activities act on. */
export interface ActivityFixture extends KubernetesFixture {
  postgres: PostgresFixture;
  dependencies: Dependencies;
  plan: Plan;
  record(): Promise<OperationRecord | undefined>;
  /** Deployment and CronJobs, as `kubectl` sees them: `api 2`, `hourly false`. */
  state(): Promise<string[]>;
}

/** The records of these tests lie beside the service's, under the rights of its administrator. */
const records = 'backstep';

const secret = (name: string, DATABASE_URL: string) => ({
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: { name },
  stringData: { DATABASE_URL },
});

/** A Deployment has replicas, a CronJob is suspended or not. */
const columns = 'jsonpath={range .items[*]}{.metadata.name} {.spec.replicas}{.spec.suspend}{"\\n"}{end}';

/**
 * Release 2 is deployed: a Deployment `api` of two, CronJobs `hourly` and `daily`. Of release 1 there is the ReplicaSet,
 * which is what a rollback of the application needs; it never had a pod.
 */
export async function activityFixture(
  name: string,
  change: (source: ServiceDefinitionSource) => void = () => {},
): Promise<ActivityFixture> {
  const [cluster, database] = [await kubernetesFixture(name), await postgresFixture()];
  await cluster.apply(secret('app', database.url), secret('admin', database.adminUrl), service('api'));
  await cluster.apply(deployment('api', 0, template(cluster.images.old, 'api')));
  await cluster.kubectl('rollout', 'status', 'deployment/api', '--timeout=90s');
  await cluster.apply(
    deployment('api', 2, template(cluster.images.new, 'api')),
    cronJob('hourly', cluster.images.new, 'echo release $RELEASE', { ttlSecondsAfterFinished: 0 }),
    cronJob('daily', cluster.images.new, 'echo release $RELEASE'),
  );
  await cluster.kubectl('rollout', 'status', 'deployment/api', '--timeout=90s');
  const dependencies: Dependencies = { cluster: cluster.cluster, recordsNamespace: records } as Dependencies;
  const plan = planOf(cluster, database, change);
  return {
    ...cluster,
    postgres: database,
    dependencies,
    plan,
    record: async () => (await readRecord(cluster.cluster, records, plan.database)).record,
    state: async () => {
      const found = await cluster.kubectl('get', 'deployments,cronjobs', '-o', columns);
      return found.split('\n').filter((line) => line !== '');
    },
    remove: async () => {
      await cluster.remove();
      await cluster.kubectl(
        '-n',
        records,
        'delete',
        'configmap',
        '--ignore-not-found',
        recordName(plan.database),
      );
      await database.remove();
    },
  };
}

function planOf(
  cluster: KubernetesFixture,
  database: PostgresFixture,
  change: (source: ServiceDefinitionSource) => void,
): Plan {
  const source: ServiceDefinitionSource = {
    service: 'radar',
    namespace: cluster.namespace,
    database: {
      url: { secret: 'app', key: 'DATABASE_URL' },
      admin: { secret: 'admin', key: 'DATABASE_URL' },
      tables: ['papers'],
    },
    migrations: { workload: 'api' },
    workloads: [{ deployment: 'api', replicas: 2, readyWithin: '60s', health: { service: 'api', port: 80 } }],
    cronJobs: [
      { name: 'hourly', within: '60s' },
      { name: 'daily', within: '60s' },
    ],
    backup: { claim: 'backstep-backups' },
    writes: { gracePeriod: '6s', quietFor: '1s' },
    escalation: { path: ['Database administrator'] },
  };
  change(source);
  const definition = serviceDefinition.parse(source);
  const { old, new: bad } = cluster.images;
  return {
    operation: database.operation,
    kind: 'rollback',
    service: definition,
    request: { service: 'radar', target: '-1', trigger: 'alert-1' },
    database: {
      server: '7000000000000000000',
      serverMajor: database.lab.postgres.major,
      name: database.name,
      owner: database.owner,
      role: database.owner,
      fencedName: database.fencedName,
    },
    from: '0005',
    target: '0004',
    reverts: [],
    pauses: [],
    migrationImage: bad,
    jobImage: old,
    workloads: [
      {
        deployment: 'api',
        found: { replicas: 2, image: bad },
        wanted: { replicas: 2 },
        rollBackTo: { revision: 1, image: old },
      },
    ],
    cronJobs: definition.cronJobs.map(({ name, suspended }) => ({
      name,
      found: { suspended: false, image: bad },
      wanted: { suspended },
      rollBackTo: { image: old },
    })),
    people: 1,
  };
}

/** What the boundary would give; `cancel` is the workflow's request to end, `crash` a worker's shutdown. */
export function attempt(): Attempt & { cancel(): void; crash(): void; said: string[] } {
  const end = new AbortController();
  let requested = false;
  const said: string[] = [];
  const log = (message: string) => {
    said.push(message);
  };
  return {
    signal: end.signal,
    cancelRequested: () => requested,
    progress: ({ doing }) => {
      said.push(doing);
    },
    log: { info: log, warn: log },
    cancel: () => {
      requested = true;
      end.abort(new Error('cancelled'));
    },
    crash: () => end.abort(new Error('worker shut down')),
    said,
  };
}

/** A writer that reconnects in a loop, as a pooler or a forgotten script would; `stop` gives its last write. */
export function writer(url: string): { stop(): Promise<{ writes: number; lastAt: number }> } {
  const seen = { writes: 0, lastAt: 0 };
  const end = new AbortController();
  const loop = writeUntil(end.signal, url, seen);
  return {
    stop: async () => {
      end.abort();
      await loop;
      return seen;
    },
  };
}

async function writeUntil(
  end: AbortSignal,
  url: string,
  seen: { writes: number; lastAt: number },
): Promise<void> {
  while (!end.aborted) {
    const client = new Client({ connectionString: url, application_name: 'forgotten' });
    client.on('error', () => {});
    try {
      await client.connect();
      while (!end.aborted) {
        await client.query(`INSERT INTO papers (title) VALUES ('again')`);
        seen.writes += 1;
        seen.lastAt = Date.now();
      }
    } catch {
      await pause(20);
    } finally {
      await client.end().catch(() => {});
    }
  }
}

/** The id of another operation on the same database. */
export const otherOperation = (operation: OperationId): OperationId =>
  operation === 'bs-ffffffff' ? 'bs-eeeeeeee' : 'bs-ffffffff';
