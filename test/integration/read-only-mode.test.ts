import { perform } from '../../src/activities/activity-function.ts';
import { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { guardWrites } from '../../src/activities/guard-writes/activity.ts';
import { putBack } from '../../src/activities/put-back/activity.ts';
import { startApp } from '../../src/activities/start-app/activity.ts';
import { stopWrites } from '../../src/activities/stop-writes/activity.ts';
import { pause } from '../../src/kubernetes/pause.ts';
import { withDatabase } from '../../src/postgres/connect.ts';
import {
  attempt,
  activityFixture,
  writer,
  type ActivityFixture,
  undoing,
} from './fixtures/activity-fixture.ts';

let fixture: ActivityFixture;
beforeAll(async () => {
  fixture = await activityFixture('reads', (source) => {
    for (const workload of source.workloads) workload.stop = 'read-only';
  });
});
afterAll(() => fixture.remove());

const input = () => ({
  plan: fixture.plan,
  try: 1,
  workflowId: 'backstep-radar',
  runId: 'run-1',
  again: false,
});
const none = new AbortController().signal;
const pods = async () => (await fixture.kubectl('get', 'pods', '-o', 'name')).split('\n').toSorted();
/** As the application asks: Backstep's own sessions would take row security for an error. */
const papers = async (connectionString: string) => {
  const client = new Client({ connectionString });
  await client.connect();
  try {
    const { rows } = await client.query<{ rows: number }>('SELECT count(*)::int AS rows FROM papers');
    return rows[0]?.rows;
  } finally {
    await client.end();
  }
};

describe('read-only mode in place of 0 replicas', () => {
  test('passes the same write probe: the application goes on and reads, and no write comes in', async () => {
    const before = await pods();
    const loop = writer(fixture.postgres.url);
    const stopped = await perform(stopWrites, { ...fixture.dependencies, ...attempt() }, input());
    expect(stopped.reads).toBe('api read from a copy, to which nobody can write');
    const writeGuard = attempt();
    const kept = perform(guardWrites, { ...fixture.dependencies, ...writeGuard }, { plan: fixture.plan });
    await pause(3_000, none);
    writeGuard.cancel();
    expect(await kept).toEqual({ breaches: [] });
    const { writes, lastAt } = await loop.stop();
    expect(writes).toBeGreaterThan(0);
    expect(lastAt).toBeLessThan(Date.parse(stopped.at) - fixture.plan.service.writes.quietFor + 50);
    // By the application's own URL: every row is there to be read, those of the last moment included.
    expect(await papers(fixture.postgres.url)).toBe(stopped.counts['papers']);
    expect(await papers(withDatabase(fixture.postgres.url, fixture.postgres.fencedName))).toBe(
      stopped.counts['papers'],
    );
    // Those of the release before may still have been ending.
    expect(before).toEqual(expect.arrayContaining(await pods()));
    expect(await fixture.state()).toEqual(['api 2', 'daily true', 'hourly true']);
    expect((await perform(stopWrites, { ...fixture.dependencies, ...attempt() }, input())).reads).toBe(
      stopped.reads,
    );
  });

  test('ends before the database has its name back: no pod that read from the copy is left to write', async () => {
    const before = await pods();
    await fixture.postgres.asSuperuser(
      fixture.plan.database.fencedName,
      `UPDATE alembic_version SET version_num = '0004'`,
    );
    await perform(startApp, { ...fixture.dependencies, ...attempt() }, { plan: fixture.plan, try: 1 });
    const after = await pods();
    expect(after.filter((name) => before.includes(name))).toEqual([]);
    expect(await fixture.state()).toEqual(['api 2', 'daily true', 'hourly true']);
    await fixture.postgres.asSuperuser(
      fixture.plan.database.name,
      `INSERT INTO papers (title) VALUES ('goes on')`,
    );
  });

  test('is undone by put-back; with `wait`, a running Job of a CronJob ends by itself', async () => {
    const command = '/spec/jobTemplate/spec/template/spec/containers/0/command';
    const slow = [{ op: 'replace', path: command, value: ['sleep', '3'] }];
    await fixture.kubectl('patch', 'cronjob', 'daily', '--type=json', '-p', JSON.stringify(slow));
    await fixture.kubectl('create', 'job', 'slow', '--from=cronjob/daily');
    const writes = { ...fixture.plan.service.writes, runningJobs: 'wait' as const, gracePeriod: 30_000 };
    const plan = { ...fixture.plan, service: { ...fixture.plan.service, writes } };
    const stopped = await perform(
      stopWrites,
      { ...fixture.dependencies, ...attempt() },
      { ...input(), plan, again: true },
    );
    expect(stopped.jobsEnded).toEqual([]);
    expect(await fixture.kubectl('get', 'job', 'slow', '-o', 'jsonpath={.status.succeeded}')).toBe('1');
    expect(
      (
        await perform(
          putBack,
          { ...fixture.dependencies, ...attempt() },
          { plan: fixture.plan, try: 1, ...undoing },
        )
      ).database,
    ).toBe(fixture.plan.database.name);
    expect(await fixture.state()).toEqual(['api 2', 'daily false', 'hourly false']);
    await fixture.postgres.asSuperuser(
      fixture.plan.database.name,
      `INSERT INTO papers (title) VALUES ('goes on')`,
    );
  });
});
