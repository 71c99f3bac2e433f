import { fileURLToPath } from 'node:url';
import type { V1PodTemplateSpec } from '@kubernetes/client-node';
import { Client, type QueryResultRow } from 'pg';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { requirements } from '../../examples/deeptech-radar/images.ts';
import { image } from '../../lab/image.ts';
import { toolOf } from '../../src/migrations/index.ts';
import type { DatabaseJob, MigrationTool } from '../../src/migrations/tool.ts';
import { deleteOperationJobs } from '../../src/kubernetes/jobs.ts';
import { putSecret } from '../../src/kubernetes/secrets.ts';
import { labels, type OperationId } from '../../src/domain/names.ts';
import { serviceDefinition } from '../../src/domain/definition/service.ts';
import { query } from './fixtures/alembic-fixture.ts';
import { kubernetesFixture, type KubernetesFixture } from './fixtures/kubernetes-fixture.ts';

const operation: OperationId = 'bs-0a1e3b1c';
const database = 'alembic_jobs';
const owner = 'alembic_jobs_owner';
const password = 'pa%ss/w@rd';
const databaseSecret = `${operation}-downgrade`;
const watch = { signal: new AbortController().signal };

let fixture: KubernetesFixture;
let history: string;
let url: string;
let admin: Client;
let jobs = 0;

beforeAll(async () => {
  fixture = await kubernetesFixture('alembic');
  const files = { '/app': fileURLToPath(new URL('fixtures/history', import.meta.url)) };
  history = await image(fixture.lab, {
    name: 'backstep-test-history',
    base: 'python',
    python: requirements,
    files,
    workdir: '/app',
  });
  const { host, port, superuserUrl } = fixture.lab.postgres;
  url = `postgres://${owner}:${encodeURIComponent(password)}@${host}:${port}/${database}`;
  admin = new Client({ connectionString: superuserUrl });
  await admin.connect();
  await putSecret(
    fixture.cluster,
    fixture.namespace,
    databaseSecret,
    { DATABASE_URL: sqlalchemyUrl() },
    { [labels.operation]: operation },
  );
});
beforeEach(async () => {
  await dropAll();
  await admin.query(`CREATE ROLE ${owner} LOGIN PASSWORD '${password}'`);
  await admin.query(`CREATE DATABASE ${database} OWNER ${owner}`);
});
afterAll(async () => {
  await dropAll();
  await admin.end();
  await fixture.remove();
});

/** The driver that the image has; SQLAlchemy does not take `postgres://`. */
const sqlalchemyUrl = () => url.replace('postgres:', 'postgresql+psycopg:');

async function dropAll(): Promise<void> {
  await admin.query(`DROP DATABASE IF EXISTS ${database} WITH (FORCE)`);
  await admin.query(`DROP ROLE IF EXISTS ${owner}`);
}

const sql = <T extends QueryResultRow>(text: string): Promise<T[]> => query<T>(url, text);

const revision = async () =>
  (await sql<{ version_num: string }>('SELECT * FROM alembic_version'))[0]?.version_num;

/** Alembic, for a service with these settings. */
function tool(migrations: object = {}): MigrationTool {
  const service = serviceDefinition.parse({
    service: 'fruit',
    namespace: fixture.namespace,
    database: { url: { secret: 's', key: 'k' }, admin: { secret: 's', key: 'k' }, tables: ['apples'] },
    migrations: { workload: 'fruit', ...migrations },
    workloads: [{ deployment: 'fruit', replicas: 1 }],
    backup: { claim: 'backups' },
    escalation: { path: ['somebody'] },
  });
  return toolOf({}, service);
}

/** A Job of its own name, as a person's retry makes one. */
const databaseJob = (change: Partial<DatabaseJob> = {}): DatabaseJob => {
  const template: V1PodTemplateSpec = {
    spec: {
      containers: [{ name: 'app', image: history, env: [{ name: 'DATABASE_URL', value: sqlalchemyUrl() }] }],
    },
  };
  const name = `${operation}-test-${++jobs}`;
  const of = {
    name,
    operation,
    step: 'test',
    template,
    image: history,
    deadlineSeconds: 120,
  };
  return { ...of, databaseSecret, ...change };
};
/** What the migrations make, by hand: a Job costs seconds. */
async function at(revision: 'b2' | 'c3'): Promise<void> {
  await sql(`CREATE TABLE apples (id int PRIMARY KEY); CREATE TABLE pears (id int PRIMARY KEY);
    ${revision === 'c3' ? 'CREATE TABLE plums (id int PRIMARY KEY, worm boolean);' : ''}
    CREATE TABLE alembic_version (version_num varchar(32) PRIMARY KEY); INSERT INTO alembic_version VALUES ('${revision}')`);
}
const built = (target: string) => tool().build(fixture.cluster, databaseJob(), target, watch);
const moved = (from: string, target: string) =>
  tool().downgrade(fixture.cluster, databaseJob(), { from, target }, watch);

describe('one pod is asked everything', () => {
  test('history, heads, and the revision that env.py finds, whatever it prints', async () => {
    await at('b2');
    const found = await tool().inspect(fixture.cluster, databaseJob(), { current: true, ...watch });
    expect(found.heads).toEqual(['f6']);
    expect(found.current).toEqual(['b2']);
    expect(found.history.map(({ revision, parents }) => [revision, parents])).toEqual([
      ['f6', ['e5']],
      ['e5', ['d4']],
      ['d4', ['c3']],
      ['c3', ['b2']],
      ['b2', ['a1']],
      ['a1', []],
    ]);
    expect(found.history.at(-1)).toMatchObject({
      message: 'Create apples',
      path: 'migrations/versions/a1.py',
      downgrade: 'def downgrade():\n    op.execute("DROP TABLE apples")\n',
    });
  });

  test('an env.py that does not reach its database is told, without the password', async () => {
    const template = {
      spec: {
        containers: [
          {
            name: 'app',
            image: history,
            env: [{ name: 'DATABASE_URL', value: sqlalchemyUrl().replace(database, 'nowhere') }],
          },
        ],
      },
    };
    const { databaseSecret: _, ...plain } = databaseJob({ template });
    const found = await tool().inspect(fixture.cluster, plain, { current: true, ...watch });
    expect(found.currentError).toMatch(/nowhere/);
    expect(found.currentError).not.toContain(encodeURIComponent(password));
    expect(found.heads).toEqual(['f6']);
  });

  test.each([
    ['the interpreter', { python: 'python9' }, undefined, 'MigrationToolMissing', /python9/],
    ['Alembic', {}, 'without', 'MigrationToolMissing', /cannot import Alembic/],
    ['its configuration', { config: 'elsewhere.ini' }, undefined, 'MigrationsBroken', /elsewhere\.ini/],
    [
      'its scripts',
      { options: { script_location: 'nothing-here' } },
      undefined,
      'MigrationsBroken',
      /nothing-here/,
    ],
  ])('an image without %s is named as such', async (_what, migrations, other, type, words) => {
    const from = databaseJob({
      image: other === undefined ? history : fixture.images.old,
    });
    const asked = tool(migrations).inspect(fixture.cluster, from, { current: true, ...watch });
    await expect(asked).rejects.toMatchObject({ type, message: expect.stringMatching(words) as string });
  });
});

describe('law 2: the database moves to one explicit revision; run twice, it moves once', () => {
  test('down by two, once, and to base', async () => {
    expect(await built('c3')).toMatchObject({ from: [], to: ['c3'], moved: true });
    expect(await moved('c3', 'a1')).toMatchObject({ from: ['c3'], to: ['a1'], moved: true });
    expect(await moved('c3', 'a1')).toMatchObject({ from: ['a1'], to: ['a1'], moved: false });
    await expect(moved('c3', 'b2')).rejects.toMatchObject({
      type: 'DowngradeUnclear',
      message: expect.stringMatching(/at a1, not at c3/) as string,
    });
    expect(await moved('a1', 'base')).toMatchObject({ from: ['a1'], to: [], moved: true });
  });

  test('two Jobs at once: one moves, the other finds it done', async () => {
    await at('b2');
    const both = await Promise.all([moved('b2', 'a1'), moved('b2', 'a1')]);
    expect(both.filter((each) => each.moved)).toHaveLength(1);
  });

  test('its sessions call themselves by the operation: no other one is there while it moves', async () => {
    await at('b2');
    const seen = new Set<string>();
    const look = async () => {
      const { rows } = await admin.query<{ name: string }>(
        `SELECT application_name AS name FROM pg_stat_activity
         WHERE datname = '${database}' AND usename = '${owner}' AND wait_event = 'PgSleep'`,
      );
      for (const { name } of rows) seen.add(name);
    };
    const looking = setInterval(() => void look(), 200);
    await moved('b2', 'a1').finally(() => clearInterval(looking));
    expect([...seen]).toEqual([`backstep ${operation}`]);
  });

  test('an image that does not hold the revision moves nothing', async () => {
    await at('c3');
    await expect(moved('c3', 'z9')).rejects.toMatchObject({
      type: 'MigrationsBroken',
      message: expect.stringMatching(/z9/) as string,
    });
    expect(await revision()).toBe('c3');
  });
});

test('a rehearsal reaches its copy and no other database', async () => {
  await at('b2');
  const move = { from: 'b2', target: 'a1', copy: 'another_one' };
  const { end } = await tool().rehearse(fixture.cluster, databaseJob(), move, watch);
  expect(end).toMatchObject({
    type: 'DowngradeFailed',
    message: expect.stringMatching(new RegExp(`connect to database ${database}`)) as string,
  });
  expect(await revision()).toBe('b2');
});

describe('a migration that fails', () => {
  test('is told by file and line, with the revision it left, and without secrets (law 9)', async () => {
    await at('c3');
    await sql('INSERT INTO plums VALUES (1, true)');
    const job = databaseJob();
    const failure = (await tool()
      .downgrade(fixture.cluster, job, { from: 'c3', target: 'a1' }, watch)
      .catch((error: unknown) => error)) as Error;
    expect(failure).toMatchObject({ type: 'DowngradeFailed' });
    expect(failure.message).toMatch(/^c3\.py:\d+: .*division by zero/);
    expect(failure.message).toMatch(/the database is at c3/);
    const log = await fixture.kubectl('logs', `job/${job.name}`);
    for (const text of [failure.message, log]) {
      expect(text).not.toContain(password);
      expect(text).not.toContain(encodeURIComponent(password));
    }
    expect(await revision()).toBe('c3');
  });

  test('leaves what went before: the revision in between is not hidden', async () => {
    await at('c3');
    await sql('CREATE VIEW juice AS SELECT * FROM apples');
    await expect(moved('c3', 'base')).rejects.toMatchObject({
      type: 'DowngradeFailed',
      message: expect.stringMatching(/the database is at a1/) as string,
    });
    expect(await revision()).toBe('a1');
  });
});

test('leaves no Job behind that carries the operation, once they are deleted', async () => {
  const deleted = await deleteOperationJobs(fixture.cluster, fixture.namespace, operation);
  expect(deleted.length).toBe(jobs);
});
