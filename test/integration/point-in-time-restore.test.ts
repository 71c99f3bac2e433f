import { setTimeout as pause } from 'node:timers/promises';
import getPort from 'get-port';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { upgrade } from '../../examples/optuna/install.ts';
import { current } from '../../lab/lab.ts';
import { clientOf, runOf } from './fixtures/workflow-run.ts';
import { checksums, openRecord, revision } from './fixtures/service-state.ts';
import { archived, type Archived } from './fixtures/pgbackrest-cluster.ts';
import { installed, type Installation } from './fixtures/installation.ts';

let database: Archived;
let newPort: number;
let here: Installation;
beforeAll(async () => {
  const lab = await current();
  database = await archived(lab?.postgres.host);
  newPort = await getPort({ host: database.host });
  here = await installed({
    name: 'moment',
    service: 'optuna',
    broken: false,
    postgres: {
      host: database.host,
      port: database.port,
      superuserUrl: database.url('postgres'),
    },
    edit: (definition) => {
      definition.pointInTime = { ...database.definition(newPort), within: '2m' };
      for (const cronJob of definition.cronJobs ?? []) cronJob.suspended = true;
    },
  });
});
afterAll(async () => {
  await here?.close();
  await database?.remove();
});

const databaseUrl = async () =>
  Buffer.from(
    await here.kubectl('get', 'secret', 'optuna-database', '-o', 'jsonpath={.data.DATABASE_URL}'),
    'base64',
  ).toString();

test('a bad migration is undone by going back in time: the moment found, a new cluster, the application on it', async () => {
  const before = { sums: await checksums(here), url: await databaseUrl() };
  await pause(1_100);
  await upgrade(here.lab, here.radar);
  expect(await revision(here)).not.toBe('v3.0.0.d');

  const started = await here.backstep('point-in-time-restore', 'optuna', '--reason', 'test', '--by', 'ada');
  expect(started).toMatchObject({ exitCode: 0, stderr: '' });
  const restore = runOf(await clientOf(here), 'backstep-optuna');
  await restore.gate('restore');
  const { gate } = await restore.progress();
  expect(gate?.shows.join('\n')).toContain('found by the time at which the migration was committed');
  // Nothing is switched before people have agreed.
  expect(await databaseUrl()).toBe(before.url);
  for (const person of ['ada', 'grace'].slice(0, gate?.people)) await restore.approve('restore', person);
  const result = await restore.result();
  expect(result).toMatchObject({ outcome: 'restored', from: 'v3.2.0.a', to: 'v3.0.0.d' });

  const there: Installation = {
    ...here,
    sql: (text, name = here.radar.database) => database.sql(text, name, newPort),
  };
  expect(await checksums(there)).toEqual(before.sums);
  expect(await databaseUrl()).toBe(before.url.replace(`:${database.port}/`, `:${newPort}/`));
  const kept = await here.sql<{ datname: string }>(
    `SELECT datname FROM pg_database WHERE datname LIKE '${here.radar.database}\\_\\_backstep\\_%'`,
    'postgres',
  );
  expect(kept).toHaveLength(1);
  expect((await here.backstep('status', 'optuna')).exitCode).toBe(0);
  expect(await openRecord(here)).toBeUndefined();
  // No password, of a URL that was read and written, has left the Secrets.
  const { stdout } = await here.backstep('report', 'optuna');
  const secret = decodeURIComponent(new URL(before.url).password);
  expect(stdout).not.toContain(secret);
  const history = await here.temporal(
    'workflow',
    'show',
    '--workflow-id',
    'backstep-optuna',
    '--output',
    'json',
  );
  expect(history).not.toContain(secret);
});
