import { randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Client, Connection } from '@temporalio/client';
import { NativeConnection, Worker } from '@temporalio/worker';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { image } from '../../lab/image.ts';
import { jobImage } from '../../lab/job-image.ts';
import { removeRecord, temporalCommand } from '../../lab/site.ts';
import { createActivities } from '../../src/activities/index.ts';
import { taskQueue } from '../../src/domain/names.ts';
import type { PlanView } from '../../src/views/progress.ts';
import type { Definitions } from '../../src/storage/definitions.ts';
import { directory } from '../../src/storage/storage.ts';
import { applicationDatabase, query, urlSecret } from './fixtures/alembic-fixture.ts';
import {
  deployment,
  kubernetesFixture,
  template,
  type KubernetesFixture,
} from './fixtures/kubernetes-fixture.ts';
import { definitionWithSqlFiles, sqlFiles } from './fixtures/sql-files/tool.ts';
import { runOf } from './fixtures/workflow-run.ts';

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));
const migration = (name: string) =>
  readFileSync(here(`fixtures/sql-files/migrations/${name}.up.sql`), 'utf8');

/** As the deployments of both releases would have made it, and as it was used since. */
const schema = `
  CREATE TABLE schema_migrations (version text PRIMARY KEY, applied_at timestamptz NOT NULL DEFAULT now());
  BEGIN; ${migration('0001_papers')} INSERT INTO schema_migrations VALUES ('0001'); COMMIT;
  INSERT INTO papers VALUES (1, 'One'), (2, 'Two');
  BEGIN; ${migration('0002_scores')} INSERT INTO schema_migrations VALUES ('0002'); COMMIT;
  INSERT INTO scores VALUES (1, 0.5);`;

/** The release of the application with the migrations up to one of them. */
const release = (upTo: string) => ({
  name: 'backstep-test-sql-files',
  base: 'node' as const,
  postgresTools: true,
  files: Object.fromEntries(
    ['0001_papers', '0002_scores']
      .filter((name) => name <= upTo)
      .flatMap((name) => [`${name}.up.sql`, `${name}.down.sql`])
      .map((file) => [`/migrations/${file}`, here(`fixtures/sql-files/migrations/${file}`)]),
  ),
});

const id = randomBytes(4).toString('hex');
const name = `papers_${id}`;
let fixture: KubernetesFixture;
let database: Awaited<ReturnType<typeof applicationDatabase>>;
let images: { old: string; new: string };
let worker: Worker;
let ended: Promise<void>;
let connections: { close(): Promise<void> }[];
let client: Client;

const sql = <T extends object>(text: string) => query<T>(database.url, text);

const application = (of: string) => {
  const container = Object.assign({}, template(of, 'papers').spec?.containers[0], {
    name: 'app',
    command: ['node', '-e', 'setInterval(() => {}, 1000)'],
    env: [{ name: 'DATABASE_URL', valueFrom: { secretKeyRef: { name: 'app', key: 'DATABASE_URL' } } }],
    readinessProbe: { exec: { command: ['true'] }, periodSeconds: 1 },
  });
  const labels = { app: 'papers' };
  const spec = { terminationGracePeriodSeconds: 1, containers: [container] };
  return deployment('papers', 1, { metadata: { labels }, spec });
};

beforeAll(async () => {
  fixture = await kubernetesFixture('sql-files');
  const { lab, namespace } = fixture;
  database = await applicationDatabase(lab.postgres.superuserUrl, name, schema);
  images = { old: await image(lab, release('0001_papers')), new: await image(lab, release('0002_scores')) };
  await fixture.apply(urlSecret('app', database.url), urlSecret('admin', database.adminUrl));
  for (const each of [images.old, images.new]) {
    await fixture.apply(application(each));
    await fixture.kubectl('rollout', 'status', 'deployment/papers', '--timeout=90s');
  }
  const definition = definitionWithSqlFiles.parse({
    service: 'papers',
    namespace,
    database: {
      url: { secret: 'app', key: 'DATABASE_URL' },
      admin: { secret: 'admin', key: 'DATABASE_URL' },
      tables: ['papers'],
    },
    migrations: { tool: 'sql-files', workload: 'papers' },
    workloads: [{ deployment: 'papers', replicas: 1 }],
    backup: { claim: 'backstep-backups' },
    approvals: { loss: { people: 1 } },
    writes: { gracePeriod: '8s', quietFor: '1s' },
    escalation: { path: ['Database administrator'] },
  });
  const definitions: Definitions = { list: async () => ['papers'], load: async () => ({ definition }) };
  await temporalCommand(lab, ['operator', 'namespace', 'create', '--namespace', namespace]);
  const connection = await NativeConnection.connect({ address: lab.temporal.address });
  const asClient = await Connection.connect({ address: lab.temporal.address });
  connections = [connection, asClient];
  client = new Client({ connection: asClient, namespace });
  worker = await Worker.create({
    connection,
    namespace,
    taskQueue,
    workflowBundle: { codePath: here('../../dist/workflow-bundle.js') },
    activities: createActivities({
      cluster: fixture.cluster,
      recordsNamespace: 'backstep',
      storage: directory(mkdtempSync(join(tmpdir(), 'sql-files-'))),
      definitions,
      jobImage: await jobImage(lab),
      migrationTool: sqlFiles,
    }),
  });
  ended = worker.run();
});

afterAll(async () => {
  worker.shutdown();
  await ended;
  for (const connection of connections) await connection.close();
  await fixture.remove();
  await removeRecord(fixture.lab, name);
  await database.drop();
});

test('another migration tool is its own code, its schema and a line of the registry: one rollback with plain SQL files', async () => {
  await client.workflow.start('rollback', {
    taskQueue,
    workflowId: 'backstep-papers',
    args: [{ service: 'papers', reason: 'test' }],
  });
  const run = runOf(client, 'backstep-papers');
  await run.gate('downgrade');
  const found = await run.handle.query<PlanView>('plan');
  if (found === null) throw new Error('there is no plan');
  const { plan, observations } = found;
  expect(plan).toMatchObject({ from: '0002', target: '0001', migrationImage: images.new });
  expect(plan.reverts).toMatchObject([{ revision: '0002', message: 'scores' }]);
  expect(plan.workloads).toMatchObject([{ rollBackTo: { image: images.old } }]);
  // A row for each migration: the version table tells what 0002 wrote, and what came later.
  expect(observations.diagnosis?.estimated.losses).toContainEqual(
    expect.objectContaining({ object: 'scores', rows: 1, writtenSince: 1 }),
  );
  const rehearsed = (await run.progress()).steps.find(({ step }) => step === 'rehearse');
  expect(rehearsed?.summary).toContain('2 losses measured');
  await run.approve('downgrade');
  const { outcome, counts } = await run.result();

  expect(outcome).toBe('rolled-back');
  expect(await sql('SELECT version FROM schema_migrations')).toEqual([{ version: '0001' }]);
  expect(await sql('SELECT * FROM papers ORDER BY id')).toEqual([
    { id: 1, title: 'One' },
    { id: 2, title: 'Two' },
  ]);
  expect(await sql(`SELECT to_regclass('scores') AS scores`)).toEqual([{ scores: null }]);
  expect(counts.atEnd).toEqual({ papers: 2, schema_migrations: 1 });
  const running = await fixture.kubectl(
    'get',
    'deployment',
    'papers',
    '-o',
    'jsonpath={.spec.replicas} {..image}',
  );
  expect(running).toBe(`1 ${images.old}`);
});
