import { randomBytes } from 'node:crypto';
import getPort from 'get-port';
import type { Dependencies } from '../../src/activities/context.ts';
import { readRecord, recordName } from '../../src/kubernetes/records.ts';
import { pgbackrest } from '../../src/recovery/pgbackrest.ts';
import { siblingName, type OperationId } from '../../src/domain/names.ts';
import type { PointInTimePlan } from '../../src/domain/plan/plan.ts';
import type { OperationRecord } from '../../src/domain/record.ts';
import { serviceDefinition } from '../../src/domain/definition/service.ts';
import {
  deployment,
  kubernetesFixture,
  service,
  template,
  type KubernetesFixture,
} from './kubernetes-fixture.ts';
import { archived, password, type Archived } from './pgbackrest-cluster.ts';

const records = 'backstep';

/** Answers /health with the server that DATABASE_URL named when it started; never with the password. */
const reporter = `
import http.server, os, signal, sys
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(os.environ['DATABASE_URL'].split('@')[1].encode())
    def log_message(self, *args): pass
signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
http.server.ThreadingHTTPServer(('', 8000), Handler).serve_forever()
`;

/** A small application on the cluster whose database lies in a PostgreSQL that archives with pgBackRest. */
export interface PointInTimeFixture extends KubernetesFixture {
  database: Archived;
  dependencies: Dependencies;
  plan(to: Date): PointInTimePlan;
  newPort: number;
  operation: OperationId;
  record(): Promise<OperationRecord | undefined>;
  /** The values of a Secret; undefined where there is none. */
  secret(name: string): Promise<Record<string, string> | undefined>;
  /** What the application says of its database. */
  answer(): Promise<string>;
}

export async function pointInTimeFixture(name: string): Promise<PointInTimeFixture> {
  const [kubernetes, database] = await Promise.all([kubernetesFixture(name), archived()]);
  const newPort = await getPort({ host: database.host });
  const operation: OperationId = `bs-${randomBytes(4).toString('hex')}`;
  for (const statement of [
    `CREATE ROLE radar LOGIN PASSWORD '${password}'`,
    `CREATE ROLE backstep LOGIN CREATEDB PASSWORD '${password}'`,
    'GRANT radar, pg_signal_backend TO backstep',
    'CREATE DATABASE radar OWNER radar',
  ])
    await database.sql(statement);
  const [url, adminUrl] = [database.url('radar', 'radar'), database.url('postgres', 'backstep')];
  const secrets = {
    app: { DATABASE_URL: url.replace('postgresql:', 'postgresql+psycopg:'), OTHER: 'stays as it is\n' },
    admin: { DATABASE_URL: adminUrl },
  };
  const api = template(kubernetes.images.new, 'api');
  const [container] = api.spec?.containers ?? [];
  if (container) {
    container.command = ['python3', '-c', reporter];
    container.env = [
      { name: 'DATABASE_URL', valueFrom: { secretKeyRef: { name: 'app', key: 'DATABASE_URL' } } },
    ];
  }
  await kubernetes.apply(
    ...Object.entries(secrets).map(([secret, stringData]) => ({
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: secret },
      stringData,
    })),
    service('api'),
    deployment('api', 1, api),
  );
  await kubernetes.kubectl('rollout', 'status', 'deployment/api', '--timeout=90s');
  const definition = serviceDefinition.parse({
    service: 'radar',
    namespace: kubernetes.namespace,
    database: {
      url: { secret: 'app', key: 'DATABASE_URL' },
      admin: { secret: 'admin', key: 'DATABASE_URL' },
      tables: ['papers'],
    },
    migrations: { workload: 'api' },
    workloads: [{ deployment: 'api', replicas: 1, readyWithin: '60s', health: { service: 'api', port: 80 } }],
    backup: { claim: 'backstep-backups' },
    pointInTime: { ...database.definition(newPort), within: '60s' },
    writes: { gracePeriod: '6s', quietFor: '1s' },
    escalation: { path: ['Database administrator'] },
  });
  const dependencies = {
    cluster: kubernetes.cluster,
    recordsNamespace: records,
    providerOf: async () => pgbackrest(database.definition(newPort), { every: 100 }),
  } as unknown as Dependencies;
  const image = kubernetes.images.new;
  const identity = { server: `70000${Date.now()}`, name: 'radar' };
  return {
    ...kubernetes,
    database,
    dependencies,
    newPort,
    operation,
    plan: (to) => ({
      operation,
      kind: 'point-in-time-restore',
      service: definition,
      request: { service: 'radar', target: '-1' },
      database: {
        ...identity,
        serverMajor: 15,
        owner: 'radar',
        role: 'radar',
        fencedName: siblingName('radar', 'backstep', operation),
      },
      from: '0005',
      target: '0004',
      reverts: [{ revision: '0005', parents: ['0004'], message: 'bad', path: '0005.py' }],
      migrationImage: image,
      jobImage: image,
      workloads: [
        { deployment: 'api', found: { replicas: 1, image }, wanted: { replicas: 1 }, rollBackTo: { image } },
      ],
      cronJobs: [],
      pauses: [],
      people: 1,
      recovery: {
        provider: 'pgbackrest',
        instance: 'radar',
        newInstance: `radar-${operation}`,
        operation,
        endpoint: { host: database.host, port: database.port },
        to: to.toISOString(),
        how: 'requested',
        subscriptions: [],
        evidence: '',
        earliest: new Date(0).toISOString(),
        latest: new Date().toISOString(),
        carries: [],
      },
    }),
    record: async () => (await readRecord(kubernetes.cluster, records, identity)).record,
    secret: async (secret) => {
      const text = await kubernetes.kubectl('get', 'secret', secret, '--ignore-not-found', '-o', 'json');
      if (text === '') return undefined;
      const { data } = JSON.parse(text) as { data: Record<string, string> };
      return Object.fromEntries(
        Object.entries(data).map(([key, value]) => [key, Buffer.from(value, 'base64').toString()]),
      );
    },
    answer: async () => {
      const path = `/api/v1/namespaces/${kubernetes.namespace}/services/api:80/proxy/health`;
      return kubernetes.kubectl('get', '--raw', path);
    },
    remove: async () => {
      await kubernetes.remove();
      await kubernetes.kubectl(
        '-n',
        records,
        'delete',
        'configmap',
        '--ignore-not-found',
        recordName(identity),
      );
      await database.remove();
    },
  };
}
