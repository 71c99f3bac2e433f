import { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { keepWritesStopped } from '../../src/activities/guard-writes/activity.ts';
import { putBack } from '../../src/activities/put-back/activity.ts';
import { startApp } from '../../src/activities/start-app/activity.ts';
import { stopWrites } from '../../src/activities/stop-writes/activity.ts';
import { pause } from '../../src/kubernetes/pause.ts';
import { withDatabase } from '../../src/postgres/connect.ts';
import { attempt, scene, writer, type Scene } from './deeds-fixture.ts';

let it: Scene;
beforeAll(async () => {
  it = await scene('deeds-reads', (source) => {
    for (const workload of source.workloads) workload.stop = 'read-only';
  });
});
afterAll(() => it.remove());

const input = () => ({ plan: it.plan, try: 1, workflowId: 'backstep-radar', runId: 'run-1', again: false });
const none = new AbortController().signal;
const pods = async () => (await it.kubectl('get', 'pods', '-o', 'name')).split('\n').toSorted();
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
    const loop = writer(it.postgres.url);
    const stopped = await stopWrites(it.means, input(), attempt());
    expect(stopped.reads).toBe('api read from a copy, to which nobody can write');
    const keeper = attempt();
    const kept = keepWritesStopped(it.means, { plan: it.plan }, keeper);
    await pause(3_000, none);
    keeper.cancel();
    expect(await kept).toEqual({ breaches: [] });
    const { writes, lastAt } = await loop.stop();
    expect(writes).toBeGreaterThan(0);
    expect(lastAt).toBeLessThan(Date.parse(stopped.at) - it.plan.service.writes.quietFor + 50);
    // By the application's own URL: every row is there to be read, those of the last moment included.
    expect(await papers(it.postgres.url)).toBe(stopped.counts['papers']);
    expect(await papers(withDatabase(it.postgres.url, it.postgres.aside))).toBe(stopped.counts['papers']);
    // Those of the release before may still have been ending.
    expect(before).toEqual(expect.arrayContaining(await pods()));
    expect(await it.state()).toEqual(['api 2', 'daily true', 'hourly true']);
    expect((await stopWrites(it.means, input(), attempt())).reads).toBe(stopped.reads);
  });

  test('ends before the database has its name back: no pod that read from the copy is left to write', async () => {
    const before = await pods();
    await it.postgres.asSuperuser(it.plan.database.aside, `UPDATE alembic_version SET version_num = '0004'`);
    await startApp(it.means, { plan: it.plan, try: 1 }, attempt());
    const after = await pods();
    expect(after.filter((name) => before.includes(name))).toEqual([]);
    expect(await it.state()).toEqual(['api 2', 'daily true', 'hourly true']);
    await it.postgres.asSuperuser(it.plan.database.name, `INSERT INTO papers (title) VALUES ('goes on')`);
  });

  test('is undone by put-back; with `wait`, a running Job of a CronJob ends by itself', async () => {
    const command = '/spec/jobTemplate/spec/template/spec/containers/0/command';
    const slow = [{ op: 'replace', path: command, value: ['sleep', '3'] }];
    await it.kubectl('patch', 'cronjob', 'daily', '--type=json', '-p', JSON.stringify(slow));
    await it.kubectl('create', 'job', 'slow', '--from=cronjob/daily');
    const writes = { ...it.plan.service.writes, runningJobs: 'wait' as const, gracePeriod: 30_000 };
    const plan = { ...it.plan, service: { ...it.plan.service, writes } };
    const stopped = await stopWrites(it.means, { ...input(), plan, again: true }, attempt());
    expect(stopped.jobsEnded).toEqual([]);
    expect(await it.kubectl('get', 'job', 'slow', '-o', 'jsonpath={.status.succeeded}')).toBe('1');
    expect((await putBack(it.means, { plan: it.plan, try: 1 }, attempt())).database).toBe(
      it.plan.database.name,
    );
    expect(await it.state()).toEqual(['api 2', 'daily false', 'hourly false']);
    await it.postgres.asSuperuser(it.plan.database.name, `INSERT INTO papers (title) VALUES ('goes on')`);
  });
});
