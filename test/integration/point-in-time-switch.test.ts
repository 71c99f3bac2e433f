import { perform } from '../../src/activities/activity-function.ts';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { probeContext } from '../../src/activities/assess/activity.ts';
import { serviceContext } from '../../src/activities/context.ts';
import { compareInstance } from '../../src/activities/compare-instance/activity.ts';
import { findRecoveryTime } from '../../src/probes/recovery-time.ts';
import { putBack } from '../../src/activities/put-back/activity.ts';
import { restoreInstance } from '../../src/activities/restore-instance/activity.ts';
import { startApp } from '../../src/activities/start-app/activity.ts';
import { stopWrites } from '../../src/activities/stop-writes/activity.ts';
import { switchBack } from '../../src/activities/switch-back/activity.ts';
import { switchDatabase } from '../../src/activities/switch-database/activity.ts';
import { shortHash } from '../../src/domain/plan/hash.ts';
import type { PointInTimePlan } from '../../src/domain/plan/plan.ts';
import { attempt, goesOn, undoing } from './fixtures/activity-fixture.ts';
import { pointInTimeFixture, type PointInTimeFixture } from './fixtures/point-in-time-fixture.ts';
import { approvedAtSwitch } from '../../src/activities/switch-database/step.ts';
import type { ComparedInstance } from '../../src/activities/compare-instance/step.ts';
import type { RestoredInstance } from '../../src/activities/restore-instance/step.ts';
import type { StoppedWrites } from '../../src/activities/stop-writes/step.ts';

let here: PointInTimeFixture;
let plan: PointInTimePlan;
let to: Date;
let stopped: StoppedWrites;
let restored: RestoredInstance;
let compared: ComparedInstance;
let before: Record<string, string>;
const run = { workflowId: 'backstep-radar', runId: 'run-1', try: 1 };
const asked = () => ({ plan, restored, compared, try: 1 });
const approved = () => shortHash(approvedAtSwitch(plan, restored, compared));
const onNew = (text: string, database = 'radar') => here.database.sql(text, database, here.newPort);

beforeAll(async () => {
  here = await pointInTimeFixture('moment');
  await here.database.sql(
    `SET ROLE radar;
     CREATE TABLE papers (id int PRIMARY KEY, title text, score float);
     CREATE TABLE alembic_version (version_num varchar(32) PRIMARY KEY);
     INSERT INTO alembic_version VALUES ('0004');
     INSERT INTO papers SELECT n, 'paper ' || n, n FROM generate_series(1, 1000) n`,
    'radar',
  );
  await pause(1_100);
  to = new Date();
  await pause(1_100);
  await here.database.sql(
    `SET ROLE radar;
     ALTER TABLE papers DROP COLUMN score; DELETE FROM papers WHERE id > 990;
     UPDATE alembic_version SET version_num = '0005'; CREATE TABLE scores (id int)`,
    'radar',
  );
  await here.database.sql(
    `INSERT INTO papers VALUES (2001, 'new'), (2002, 'new'); UPDATE papers SET title = 'changed' WHERE id < 4`,
    'radar',
  );
  plan = here.plan(new Date(Math.floor(to.getTime() / 1_000) * 1_000));
  before = (await here.secret('app')) ?? {};
});
afterAll(() => here?.remove());

/** What `assess` finds, once it knows the move. */
const recoveryOf = async (of: PointInTimePlan, requested?: string) => {
  const base = { ...here.dependencies, ...attempt() };
  const { service, operation, database } = of;
  const applicationUrl = await serviceContext(base, { service, operation }).applicationUrl();
  const facts = { applicationUrl, now: database.name };
  const context = probeContext(base, { service, operation, onlyPlan: false });
  return findRecoveryTime(context, { facts, moving: of }, requested);
};

test('the moment is found from the commit that wrote the revision, as a proposal from the cluster, or requested', async () => {
  const found = await recoveryOf(plan);
  expect(found.how).toBe('commit-time');
  const [committed] = await here.database.sql<{ at: Date }>(
    'SELECT pg_xact_commit_timestamp(xmin) AS at FROM alembic_version',
    'radar',
  );
  const late = (committed?.at.getTime() ?? 0) - Date.parse(found.to);
  expect(late).toBeGreaterThan(0);
  expect(late).toBeLessThanOrEqual(1_000);
  expect(Date.parse(found.to)).toBeGreaterThanOrEqual(to.getTime() - 1_000);

  // A version table without a row has no commit: what the cluster knows is only a guess.
  await here.database.sql('CREATE TABLE other_version (version_num text)', 'radar');
  const migrations = { ...plan.service.migrations, versionTable: 'other_version' };
  await here.database.sql('ALTER TABLE other_version OWNER TO radar', 'radar');
  const elsewhere = { ...plan, service: { ...plan.service, migrations } };
  expect(await recoveryOf(elsewhere)).toMatchObject({
    how: 'proposed',
    evidence: expect.stringContaining('one minute before ReplicaSet api-') as string,
  });
  await expect(recoveryOf({ ...elsewhere, migrationImage: 'nobody/ran:this' })).rejects.toMatchObject({
    type: 'NotRestorable',
  });
  await here.database.sql('DROP TABLE other_version', 'radar');
  expect(await recoveryOf(plan, '2025-11-18T03:40:00.7+01:00')).toMatchObject({
    to: '2025-11-18T02:40:00.000Z',
    how: 'requested',
  });
});

test('the new instance is made, closed to the application, and what it lacks is counted', async () => {
  stopped = await perform(stopWrites, { ...here.dependencies, ...attempt() }, { plan, again: false, ...run });
  restored = await perform(restoreInstance, { ...here.dependencies, ...attempt() }, { plan, try: 1 });
  expect(restored.endpoint).toEqual({ host: here.database.host, port: here.newPort });
  await expect(onNew('SELECT 1')).rejects.toThrow('database "radar" does not exist');
  compared = await perform(
    compareInstance,
    { ...here.dependencies, ...attempt() },
    { plan, restored, stopped, try: 1 },
  );
  expect(compared).toMatchObject({
    revision: '0004',
    counts: { papers: 1_000, alembic_version: 1 },
    loses: true,
    tables: [
      { table: 'papers', now: 992, restored: 1_000, since: 5 },
      { table: 'scores', now: 0, since: 0 },
    ],
  });
  const sql = [{ name: 'papers are few', query: 'SELECT count(*) < 10 FROM papers', within: 30_000 }];
  const checking = { ...plan, service: { ...plan.service, checks: { ...plan.service.checks, sql } } };
  expect(
    await perform(
      compareInstance,
      { ...here.dependencies, ...attempt() },
      { plan: checking, restored, stopped, try: 1 },
    ),
  ).toMatchObject({ wrong: ['own check “papers are few” found (false)'] });
  const wrong = { ...plan, target: '0003' };
  await expect(
    perform(
      compareInstance,
      { ...here.dependencies, ...attempt() },
      { plan: wrong, restored, stopped, try: 1 },
    ),
  ).rejects.toMatchObject({
    type: 'NotRestorable',
    message: expect.stringContaining('it is at 0004') as string,
  });
});

test('the Secrets lead to the new instance, their other keys untouched, and the application starts there', async () => {
  await expect(
    perform(switchDatabase, { ...here.dependencies, ...attempt() }, { ...asked(), approved: 'another hash' }),
  ).rejects.toMatchObject({ type: 'NotApproved' });
  expect(await here.secret('app')).toEqual(before);

  const input = { ...asked(), approved: approved() };
  const switched = await perform(switchDatabase, { ...here.dependencies, ...attempt() }, input);
  expect(switched.secrets).toEqual(['app/DATABASE_URL', 'admin/DATABASE_URL']);
  // Law 8: once more it finds everything as it should be.
  expect(await perform(switchDatabase, { ...here.dependencies, ...attempt() }, input)).toEqual(switched);
  expect(await here.secret('app')).toEqual({
    ...before,
    DATABASE_URL: before['DATABASE_URL']?.replace(`:${here.database.port}/`, `:${here.newPort}/`),
  });
  expect(await here.secret(switched.savedSecret)).toMatchObject({
    'app.DATABASE_URL': before['DATABASE_URL'],
  });

  await perform(startApp, { ...here.dependencies, ...attempt() }, { plan, try: 1 });
  expect(await here.answer()).toBe(`${here.database.host}:${here.newPort}/radar`);
  // Law 7: the old one is there, aside, with all that it held.
  const rows = await here.database.sql('SELECT count(*)::int AS n FROM papers', plan.database.fencedName);
  expect(rows).toEqual([{ n: 992 }]);
});

test('as long as nothing was written to the new instance, the old one is taken again, byte for byte', async () => {
  await perform(stopWrites, { ...here.dependencies, ...attempt() }, { plan, again: true, ...run });
  await perform(switchBack, { ...here.dependencies, ...attempt() }, asked());
  expect(await perform(switchBack, { ...here.dependencies, ...attempt() }, asked())).toEqual({ secrets: [] });
  expect(await here.secret('app')).toEqual(before);
  expect(await here.secret(`${here.operation}-database-before`)).toBeUndefined();
  await perform(putBack, { ...here.dependencies, ...attempt() }, { plan, try: 1, ...undoing });
  await here.kubectl('rollout', 'status', 'deployment/api', '--timeout=60s');
  expect(await here.answer()).toBe(`${here.database.host}:${here.database.port}/radar`);
  expect(await here.database.sql('SELECT count(*)::int AS n FROM papers', 'radar')).toEqual([{ n: 992 }]);
});

test('a Secret that somebody else has changed meanwhile is not overwritten', async () => {
  await goesOn({ dependencies: here.dependencies, plan });
  await perform(stopWrites, { ...here.dependencies, ...attempt() }, { plan, again: true, ...run });
  const elsewhere = 'postgresql://radar:x@elsewhere.example/radar';
  const patch = (value: string) =>
    here.kubectl('patch', 'secret', 'app', '-p', JSON.stringify({ stringData: { DATABASE_URL: value } }));
  await patch(elsewhere);
  await expect(
    perform(switchDatabase, { ...here.dependencies, ...attempt() }, { ...asked(), approved: approved() }),
  ).rejects.toMatchObject({ type: 'SecretChanged', message: expect.not.stringContaining(':x@') as string });
  expect((await here.secret('app'))?.['DATABASE_URL']).toBe(elsewhere);
  await patch(before['DATABASE_URL'] ?? '');
});

test('law 7: one row changed on the new instance, and going back is refused', async () => {
  await perform(switchDatabase, { ...here.dependencies, ...attempt() }, { ...asked(), approved: approved() });
  await perform(startApp, { ...here.dependencies, ...attempt() }, { plan, try: 1 });
  await onNew(`UPDATE papers SET title = 'written there' WHERE id = 7`);
  await perform(stopWrites, { ...here.dependencies, ...attempt() }, { plan, again: true, ...run });
  await expect(perform(switchBack, { ...here.dependencies, ...attempt() }, asked())).rejects.toMatchObject({
    type: 'NewInstanceWritten',
    message: expect.stringContaining('1 rows inserted, updated or deleted') as string,
  });
  expect((await here.secret('app'))?.['DATABASE_URL']).toContain(`:${here.newPort}/`);
});
