import { randomBytes } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { Client as Temporal, Connection } from '@temporalio/client';
import { MockActivityEnvironment } from '@temporalio/testing';
import { Client, type QueryResultRow } from 'pg';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { requirements } from '../../examples/deeptech-radar/images.ts';
import { image } from '../../lab/image.ts';
import type { Dependencies } from '../../src/activities/context.ts';
import type { OperationId } from '../../src/domain/names.ts';
import { serviceDefinition, type ServiceDefinition } from '../../src/domain/definition/service.ts';
import { directory } from '../../src/storage/storage.ts';
import { withDatabase } from '../../src/postgres/connect.ts';
import { kubernetesFixture, type KubernetesFixture } from './kubernetes-fixture.ts';

/** A small service with the history of test/integration/history: released at a1, now at c3. */
export interface AlembicFixture extends KubernetesFixture {
  dependencies: Dependencies;
  service: ServiceDefinition;
  operation: OperationId;
  database: string;
  images: { old: string; new: string };
  /** Runs an activity where `getClient()` of @temporalio/activity leads to the lab's Temporal. */
  run<T>(activity: () => Promise<T>): Promise<T>;
  /** As the application's role, on its database or on another one. */
  sql<T extends QueryResultRow>(text: string, database?: string): Promise<T[]>;
  databases(): Promise<string[]>;
}

const history = (file: string) => fileURLToPath(new URL(`history/${file}`, import.meta.url));

const recipe = (...versions: string[]) => ({
  name: 'backstep-test-fruit',
  base: 'python' as const,
  python: requirements,
  files: Object.fromEntries(
    ['alembic.ini', 'migrations/env.py', ...versions.map((each) => `migrations/versions/${each}.py`)].map(
      (file) => [`/app/${file}`, history(file)],
    ),
  ),
  workdir: '/app',
});

export const urlSecret = (name: string, DATABASE_URL: string) => ({
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: { name },
  stringData: { DATABASE_URL },
});

/** What the migrations after c3 make, whose ways back are bad ones. */
export const badDowngrades = {
  versions: ['d4', 'e5', 'f6'],
  schema: `CREATE TABLE figs (id int PRIMARY KEY); CREATE TABLE quinces (id int PRIMARY KEY, ripe boolean);
    CREATE INDEX quinces_ripe ON quinces (ripe); ALTER TABLE apples ADD COLUMN colour text;
    INSERT INTO quinces VALUES (1, true); UPDATE apples SET colour = CASE id WHEN 1 THEN 'red' ELSE 'brown' END;
    UPDATE alembic_version SET version_num = 'f6'`,
};

export async function alembicFixture(
  more = { versions: [] as string[], schema: '' },
): Promise<AlembicFixture> {
  const fixture = await kubernetesFixture('fruit');
  const id = randomBytes(4).toString('hex');
  const database = `fruit_${id}`;
  const { superuserUrl } = fixture.lab.postgres;
  const { url, adminUrl, drop } = await applicationDatabase(
    superuserUrl,
    database,
    `${schema}; ${more.schema}`,
  );
  const images = {
    old: await image(fixture.lab, recipe('a1')),
    new: await image(fixture.lab, recipe('a1', 'b2', 'c3', ...more.versions)),
  };
  await fixture.apply(
    urlSecret('app', url.replace('postgresql:', 'postgresql+psycopg:')),
    urlSecret('admin', adminUrl),
  );
  for (const [release, replicas] of [
    [images.old, 0],
    [images.new, 1],
  ] as const) {
    await fixture.apply(deployment(release, replicas));
    await fixture.kubectl('rollout', 'status', 'deployment/fruit', '--timeout=90s');
  }
  const service = define(fixture.namespace);
  const connection = await Connection.connect({ address: fixture.lab.temporal.address });
  const environment = new MockActivityEnvironment({}, { client: new Temporal({ connection }) });
  return {
    ...fixture,
    images,
    service,
    database,
    operation: `bs-${id}`,
    dependencies: {
      cluster: fixture.cluster,
      recordsNamespace: 'backstep',
      storage: directory(mkdtempSync(join(tmpdir(), 'fruit-'))),
      definitions: { list: async () => [service.service], load: async () => ({ definition: service }) },
      jobImage: images.new,
    },
    run: async <T>(activity: () => Promise<T>) => {
      const answers: T[] = [];
      await environment.run(async () => void answers.push(await activity()));
      return answers[0] as T;
    },
    sql: (text, on = database) => query(withDatabase(url, on), text),
    databases: async () => {
      const text = `SELECT datname FROM pg_database WHERE datname LIKE '%${id}%' ORDER BY 1`;
      return (await query<{ datname: string }>(superuserUrl, text)).map(({ datname }) => datname);
    },
    remove: async () => {
      await connection.close();
      await fixture.remove();
      await drop();
    },
  };
}

/** A release that is kept as a ReplicaSet only has 0 replicas. */
function deployment(release: string, replicas: number): object {
  const DATABASE_URL = {
    name: 'DATABASE_URL',
    valueFrom: { secretKeyRef: { name: 'app', key: 'DATABASE_URL' } },
  };
  const container = { name: 'app', image: release, command: ['sleep', '3600'], env: [DATABASE_URL] };
  const labels = { app: 'fruit' };
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'fruit' },
    spec: {
      replicas,
      selector: { matchLabels: labels },
      template: { metadata: { labels }, spec: { terminationGracePeriodSeconds: 1, containers: [container] } },
    },
  };
}

const define = (namespace: string): ServiceDefinition =>
  serviceDefinition.parse({
    service: 'fruit',
    namespace,
    database: {
      url: { secret: 'app', key: 'DATABASE_URL' },
      admin: { secret: 'admin', key: 'DATABASE_URL' },
      tables: ['apples'],
    },
    migrations: { workload: 'fruit' },
    workloads: [{ deployment: 'fruit', replicas: 1 }],
    backup: { claim: 'backstep-backups' },
    writes: { gracePeriod: '8s', quietFor: '1s' },
    escalation: { path: ['Database administrator'] },
  });

/** What the migrations make up to c3, with two rows in each table. */
const schema = `
  CREATE TABLE apples (id int PRIMARY KEY); CREATE TABLE pears (id int PRIMARY KEY);
  CREATE TABLE plums (id int PRIMARY KEY, worm boolean);
  CREATE TABLE alembic_version (version_num varchar(32) NOT NULL, CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num));
  INSERT INTO alembic_version VALUES ('c3'); INSERT INTO apples VALUES (1), (2); INSERT INTO pears VALUES (1), (2);
  INSERT INTO plums VALUES (1, false), (2, true)`;

/** A database with the two roles that Backstep is given: its owner, and one that may make databases. */
export async function applicationDatabase(superuserUrl: string, database: string, schema: string) {
  const password = randomBytes(9).toString('hex');
  const [owner, admin] = [`${database}_app`, `${database}_backstep`];
  for (const statement of [
    `CREATE ROLE ${owner} LOGIN PASSWORD '${password}'`,
    `CREATE ROLE ${admin} LOGIN CREATEDB PASSWORD '${password}'`,
    `GRANT ${owner}, pg_signal_backend TO ${admin}`,
    `CREATE DATABASE ${database} OWNER ${owner}`,
  ]) {
    await query(superuserUrl, statement);
  }
  const as = (role: string, on: string) => {
    const url = new URL(withDatabase(superuserUrl, on));
    [url.username, url.password] = [role, password];
    return url.href;
  };
  await query(as(owner, database), schema);
  return {
    url: as(owner, database),
    adminUrl: as(admin, 'postgres'),
    drop: async () => {
      const text = `SELECT datname FROM pg_database WHERE datname LIKE '%${database.slice(-8)}%'`;
      for (const { datname } of await query<{ datname: string }>(superuserUrl, text)) {
        await query(superuserUrl, `DROP DATABASE "${datname}" WITH (FORCE)`);
      }
      await query(superuserUrl, `DROP ROLE ${owner}, ${admin}`);
    },
  };
}

export async function query<T extends QueryResultRow>(url: string, text: string): Promise<T[]> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query<T>(text)).rows;
  } finally {
    await client.end();
  }
}
