import { perform } from '../../src/activities/activity-function.ts';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { compareInstance } from '../../src/activities/compare-instance/activity.ts';
import type { Dependencies } from '../../src/activities/context.ts';
import { writtenSince } from '../../src/postgres/written.ts';
import { restoreInstance } from '../../src/activities/restore-instance/activity.ts';
import type { PointInTimePlan } from '../../src/domain/plan/plan.ts';
import { examplePlan, findings } from '../example-plan.ts';
import { fakeCluster } from '../fake-cluster.ts';
import { attempt } from './fixtures/activity-fixture.ts';
import { postgresServer, type PostgresServer } from './fixtures/postgres-server.ts';

let fixture: PostgresServer;

beforeAll(async () => {
  fixture = await postgresServer({ wal_level: 'logical' });
});
afterAll(() => fixture?.remove());
beforeEach(() => fixture.sql('postgres', 'CREATE DATABASE radar OWNER radar'));
afterEach(async () => {
  for (const name of ['radar', examplePlan().database.fencedName])
    await fixture.sql('postgres', `DROP DATABASE IF EXISTS "${name}" WITH (FORCE)`);
});

/** The old instance is an address that nobody asks; the new one is this server. */
const dependencies = (): Dependencies => {
  const old = (url: string) => url.replace(`:${fixture.port}/`, ':1/');
  const secrets = {
    'radar-database': { DATABASE_URL: old(fixture.url('radar', 'radar')) },
    'radar-admin': { DATABASE_URL: old(fixture.url('postgres', 'backstep')) },
  };
  const { cluster } = fakeCluster({ deployments: [], secrets }, () => Promise.reject(new Error('no Jobs')));
  const endpoint = { host: fixture.host, port: fixture.port };
  const provider = { restore: async () => ({ name: 'radar-new', endpoint, notes: [] }) };
  return {
    cluster,
    recordsNamespace: 'backstep',
    providerOf: async () => provider,
  } as unknown as Dependencies;
};
const plan = (to = new Date()) =>
  ({
    ...examplePlan(
      { target: '0005' },
      {
        pointInTime: { provider: 'rds', instance: 'radar', region: 'eu-central-1' },
        database: {
          url: { secret: 'radar-database', key: 'DATABASE_URL' },
          admin: { secret: 'radar-admin', key: 'DATABASE_URL' },
          tables: ['papers'],
        },
      },
    ),
    kind: 'point-in-time-restore',
    recovery: { to: to.toISOString(), newInstance: 'radar-new', operation: 'bs-0a1b2c3d' },
  }) as unknown as PointInTimePlan;

const isActive = async () => {
  const found = await fixture.sql<{ active: boolean }>(
    'postgres',
    `SELECT active FROM pg_replication_slots WHERE slot_name = 'feed'`,
  );
  return found[0]?.active;
};
const since = (to: Date) => fixture.on('radar', (client) => writtenSince(client, to.toISOString()));
const now = async () => {
  await pause(20);
  const at = new Date();
  await pause(20);
  return at;
};

describe('a subscription', () => {
  beforeEach(async () => {
    await fixture.sql('postgres', 'CREATE DATABASE publisher');
    await fixture.sql('publisher', 'CREATE TABLE papers (id int PRIMARY KEY)');
    await fixture.sql('publisher', 'CREATE PUBLICATION papers FOR TABLE papers');
    await fixture.sql('publisher', `SELECT pg_create_logical_replication_slot('feed', 'pgoutput')`);
    await fixture.sql('radar', 'CREATE TABLE papers (id int PRIMARY KEY); ALTER TABLE papers OWNER TO radar');
    await fixture.sql(
      'radar',
      `CREATE SUBSCRIPTION feed CONNECTION '${fixture.url('publisher')}' PUBLICATION papers
       WITH (create_slot = false, slot_name = 'feed', copy_data = false)`,
    );
    await expect.poll(isActive, { timeout: 10_000 }).toBe(true);
  });
  afterEach(async () => {
    for (const name of ['radar', plan().database.fencedName]) {
      await fixture
        .sql(name, 'ALTER SUBSCRIPTION feed DISABLE; ALTER SUBSCRIPTION feed SET (slot_name = NONE)')
        .catch(() => {});
      await fixture.sql(name, 'DROP SUBSCRIPTION IF EXISTS feed').catch(() => {});
    }
    await expect.poll(isActive, { timeout: 10_000 }).toBe(false);
    await fixture.sql('publisher', `SELECT pg_drop_replication_slot('feed')`);
    await fixture.sql('postgres', 'DROP DATABASE publisher WITH (FORCE)');
  });
  test('of the new instance is disabled there, and takes nothing from the slot of the old one', async () => {
    await fixture.sql('radar', 'ALTER ROLE backstep SUPERUSER');
    const restored = await perform(
      restoreInstance,
      { ...dependencies(), ...attempt() },
      { plan: plan(), try: 1 },
    );
    expect(restored.notes).toEqual([expect.stringContaining('Subscription feed is disabled on radar-new')]);
    await fixture.sql('publisher', 'INSERT INTO papers VALUES (1)');
    // The launcher looks every 5 s at most for workers that are to be started.
    await pause(6_000);
    expect(await isActive()).toBe(false);
    expect(await fixture.sql(plan().database.fencedName, 'SELECT * FROM papers')).toEqual([]);
    // Law 8: once more it finds everything as it should be.
    expect(
      await perform(restoreInstance, { ...dependencies(), ...attempt() }, { plan: plan(), try: 1 }),
    ).toMatchObject({
      notes: restored.notes,
    });
    await fixture.sql('postgres', 'ALTER ROLE backstep NOSUPERUSER');
  });

  test('that may not be disabled there is said, and no fence is waited for', async () => {
    const restored = perform(restoreInstance, { ...dependencies(), ...attempt() }, { plan: plan(), try: 1 });
    await expect(restored).rejects.toMatchObject({
      type: 'DatabaseRightMissing',
      message: expect.stringContaining('must be owner of subscription feed') as string,
    });
  });
});

describe('what was written since', () => {
  test('is known only where the server kept the times of commits at that moment already', async () => {
    await fixture.sql(
      'radar',
      'CREATE TABLE papers (id int); INSERT INTO papers SELECT generate_series(1, 9)',
    );
    const before = await now();
    // A row that is changed before the server begins to keep times.
    await fixture.sql('radar', 'UPDATE papers SET id = -id WHERE id = 1');
    expect(await since(before)).toBeUndefined();
    await fixture.restart({ track_commit_timestamp: 'on' });
    expect(await since(before)).toEqual({ papers: undefined });
    await fixture.sql('radar', 'CREATE TABLE later (id int); INSERT INTO later VALUES (1)');
    expect(await since(before)).toEqual({ papers: undefined, later: 1 });
    const after = await now();
    await fixture.sql('radar', 'UPDATE papers SET id = -id WHERE id = 2');
    expect(await since(after)).toEqual({ papers: 1, later: 0 });
  });

  test('counts as lost where it is not known', async () => {
    const schema = `CREATE TABLE papers (id int); INSERT INTO papers VALUES (1);
      CREATE TABLE alembic_version (version_num text); INSERT INTO alembic_version VALUES ('0005')`;
    const { fencedName } = plan().database;
    await fixture.restart({ track_commit_timestamp: 'off' });
    await fixture.sql('postgres', 'ALTER DATABASE radar RENAME TO "' + fencedName + '"');
    await fixture.sql(fencedName, `SET ROLE radar; ${schema}`);
    await fixture.restart({ track_commit_timestamp: 'on' });
    const its = dependencies();
    // The old instance, by another of its addresses.
    await its.cluster.core.replaceNamespacedSecret({
      namespace: 'radar',
      name: 'radar-database',
      body: { stringData: { DATABASE_URL: fixture.url('radar', 'radar').replace('127.0.0.1', 'localhost') } },
    });
    const restored = {
      instance: 'radar-new',
      endpoint: { host: fixture.host, port: fixture.port },
      seconds: 1,
      notes: [],
    };
    const stopped = { ...findings['stop-writes'], counts: { papers: 1, alembic_version: 1 } };
    const compared = await perform(
      compareInstance,
      { ...its, ...attempt() },
      { plan: plan(), restored, stopped, try: 1 },
    );
    expect(compared).toMatchObject({ loses: true, tables: [{ table: 'papers', now: 1, restored: 1 }] });
    expect(compared.notVerified).toContainEqual(
      expect.stringMatching(/Which rows of papers .* only since later/),
    );
  });
});
