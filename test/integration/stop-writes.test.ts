import { perform } from '../../src/activities/activity-function.ts';
import { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { guardWrites } from '../../src/activities/guard-writes/activity.ts';
import { putBack } from '../../src/activities/put-back/activity.ts';
import { stopWrites } from '../../src/activities/stop-writes/activity.ts';
import { poll } from '../../src/kubernetes/pause.ts';
import { update } from '../../src/kubernetes/records.ts';
import { quoted, withDatabase } from '../../src/postgres/connect.ts';
import type { OperationRecord, Breach } from '../../src/domain/record.ts';
import {
  attempt,
  otherOperation,
  activityFixture,
  writer,
  type ActivityFixture,
  undoing,
} from './fixtures/activity-fixture.ts';

let fixture: ActivityFixture;
beforeAll(async () => {
  fixture = await activityFixture('stop');
  // Somebody began the runbook by hand, and forgot a run that is under way.
  await fixture.kubectl('patch', 'cronjob', 'daily', '-p', '{"spec":{"suspend":true}}');
  await fixture.kubectl('patch', 'cronjob', 'hourly', '--type=json', '-p', JSON.stringify(sleeping));
  await fixture.kubectl('create', 'job', 'forgotten', '--from=cronjob/hourly');
});
afterAll(() => fixture.remove());

const pod = '/spec/jobTemplate/spec/template/spec';
// As process 1 it ignores SIGTERM, and it may take its time: only being killed ends it.
const sleeping = [
  { op: 'replace', path: `${pod}/containers/0/command`, value: ['sleep', '600'] },
  { op: 'replace', path: `${pod}/terminationGracePeriodSeconds`, value: 300 },
];

const input = (again = false) => ({
  plan: fixture.plan,
  try: 1,
  workflowId: 'backstep-radar',
  runId: 'run-1',
  again,
});
const none = new AbortController().signal;

describe('stop-writes', () => {
  test('lets nobody write, says what it stopped, and records it first', async () => {
    const loop = writer(fixture.postgres.url);
    const stopped = await perform(stopWrites, { ...fixture.dependencies, ...attempt() }, input());
    const { writes, lastAt } = await loop.stop();
    expect(await fixture.state()).toEqual(['api 0', 'daily true', 'hourly true']);
    expect(await fixture.kubectl('get', 'pods', '-o', 'name')).toBe('');
    expect(stopped.jobsEnded).toEqual(['forgotten']);
    expect(stopped.alreadyStopped).toEqual(['CronJob daily']);
    expect(writes).toBeGreaterThan(0);
    expect(lastAt).toBeLessThan(Date.parse(stopped.at) - fixture.plan.service.writes.quietFor + 50);
    expect(stopped.counts['papers']).toBeGreaterThanOrEqual(writes);
    const image = fixture.images.new;
    expect(await fixture.record()).toMatchObject({
      operation: fixture.plan.operation,
      trigger: 'alert-1',
      from: '0005',
      target: '0004',
      frozen: { at: stopped.at, counts: stopped.counts },
      stopped: {
        workloads: [{ deployment: 'api', found: 2, putBack: 2, image }],
        cronJobs: [
          { name: 'hourly', found: { suspended: false }, putBack: { suspended: false }, image },
          // Law 4: found suspended, it is put back as the definition wants it.
          { name: 'daily', found: { suspended: true }, putBack: { suspended: false }, image },
        ],
      },
    });
  });

  test('law 8: run again, it changes nothing and answers the same', async () => {
    const before = await fixture.record();
    const again = await perform(stopWrites, { ...fixture.dependencies, ...attempt() }, input());
    expect(await fixture.record()).toEqual(before);
    expect(again).toMatchObject({
      at: before?.frozen?.at,
      counts: before?.frozen?.counts,
      alreadyStopped: ['CronJob daily'],
    });
  });

  test('law 6: another operation is refused, and touches nothing', async () => {
    const plan = { ...fixture.plan, operation: otherOperation(fixture.plan.operation) };
    await expect(
      perform(stopWrites, { ...fixture.dependencies, ...attempt() }, { ...input(), plan }),
    ).rejects.toMatchObject({
      type: 'OperationLost',
    });
    const puttingBack = (stopped: boolean) =>
      perform(
        putBack,
        { ...fixture.dependencies, ...attempt() },
        { plan, try: 1, stopped, pivotPassed: false },
      );
    await expect(puttingBack(false)).resolves.toMatchObject({ workloads: [], cronJobs: [] });
    // Law 4: where it had stopped writes, that nothing tells what is never a success.
    await expect(puttingBack(true)).rejects.toMatchObject({
      type: 'PutBackFailed',
      message: expect.stringContaining(`is of ${fixture.plan.operation}`),
    });
    expect(await fixture.state()).toEqual(['api 0', 'daily true', 'hourly true']);
  });
});

const words = (breaches: Breach[] = []) =>
  breaches.map(({ what, reachedDatabase }) => `${what}: ${reachedDatabase}`).toSorted();

describe('guard-writes', () => {
  test('stops what comes back, and records it before it answers', async () => {
    const writeGuard = attempt();
    const kept = perform(guardWrites, { ...fixture.dependencies, ...writeGuard }, { plan: fixture.plan });
    await fixture.kubectl('scale', 'deployment/api', '--replicas=1');
    await fixture.kubectl('patch', 'cronjob', 'hourly', '-p', '{"spec":{"suspend":false}}');
    await fixture.kubectl('create', 'job', 'by-hand', '--from=cronjob/hourly');
    const client = new Client({
      connectionString: withDatabase(fixture.postgres.url, fixture.postgres.fencedName),
      application_name: 'psql',
    });
    const ended = new Promise((resolve) => client.on('error', resolve));
    await client.connect();
    const all = await poll({ every: 300, within: 30_000, signal: none }, async () => {
      const breaches = (await fixture.record())?.breaches ?? [];
      return breaches.length >= 4 ? breaches : undefined;
    });
    await ended;
    expect(words(all)).toEqual([
      'CronJob hourly was not suspended: false',
      'Deployment api was at 1 replicas: false',
      'Job by-hand was running: false',
      expect.stringMatching(/^a session on .*pid \d+, role .*"psql": true$/),
    ]);
    expect(await fixture.state()).toEqual(['api 0', 'daily true', 'hourly true']);
    writeGuard.cancel();
    expect(words((await kept).breaches)).toEqual(words(all));
  });

  test('law 8: goes on at another worker, and is not ended by a shutdown', async () => {
    const first = attempt();
    const kept = perform(guardWrites, { ...fixture.dependencies, ...first }, { plan: fixture.plan });
    first.crash();
    await expect(kept).rejects.toThrow('worker shut down');
  });

  test('ends, and touches nothing, where the record is another operation’s or says that writes go on', async () => {
    const { database, operation } = fixture.plan;
    await fixture.kubectl('scale', 'deployment/api', '--replicas=1');
    const plan = { ...fixture.plan, operation: otherOperation(operation) };
    await expect(
      perform(guardWrites, { ...fixture.dependencies, ...attempt() }, { plan }),
    ).rejects.toMatchObject({
      type: 'OperationLost',
    });
    const record = await update(fixture.dependencies.cluster, 'backstep', database, operation, (now) => ({
      ...now,
      writes: 'resumed',
    }));
    // Law 10: an attempt that saw nothing answers with what those before it saw.
    expect(record.breaches).not.toEqual([]);
    await expect(
      perform(guardWrites, { ...fixture.dependencies, ...attempt() }, { plan: fixture.plan }),
    ).resolves.toEqual({ breaches: record.breaches });
    expect(await fixture.state()).toContain('api 1');
  });
});

/** Another operation takes the record up; answers with what it finds. */
async function takenUp() {
  const { operation } = fixture.plan;
  const takesUp = { operation, pivotPassed: false };
  const plan = { ...fixture.plan, operation: otherOperation(operation), takesUp };
  const stopped = await perform(
    stopWrites,
    { ...fixture.dependencies, ...attempt() },
    { ...input(), plan, runId: 'run-2' },
  );
  fixture.plan = plan;
  return { stopped, plan };
}

const withWaysBack = (more: Partial<OperationRecord> = {}) =>
  update(
    fixture.dependencies.cluster,
    'backstep',
    fixture.plan.database,
    fixture.plan.operation,
    (record) => ({
      ...record,
      backup: { file: 'dump' } as never,
      snapshot: { database: 'clone' } as never,
      ...more,
    }),
  );
/** Rows and catalog stay as they are. */
const forged = (database: string) =>
  fixture.postgres.asSuperuser(database, `UPDATE papers SET title = 'new' WHERE id = 1`);

describe('a record that is taken up', () => {
  test('keeps what the first operation found; before the pivot the rows are counted anew', async () => {
    const before = await fixture.record();
    await withWaysBack({ writes: 'stopped' });
    await fixture.postgres.asSuperuser(
      fixture.plan.database.fencedName,
      `INSERT INTO papers (title) VALUES ('in between')`,
    );
    const { stopped, plan } = await takenUp();
    expect(stopped.counts['papers']).toBe((before?.frozen?.counts['papers'] ?? 0) + 1);
    const now = await fixture.record();
    expect(now).toMatchObject({ operation: plan.operation, runId: 'run-2', stopped: before?.stopped });
    // A backup from before that row is not a way back any more, nor is a snapshot, which stays on the server.
    expect([now?.backup, now?.snapshot]).toEqual([undefined, undefined]);
    expect(now?.artifacts).toContain('clone');
  });

  test('keeps its ways back where nobody can have written', async () => {
    const before = await withWaysBack();
    await takenUp();
    const { operation, runId, workflowId } = (await fixture.record()) ?? {};
    expect(await fixture.record()).toEqual({ ...before, operation, runId, workflowId });
  });

  test('law 1: has no way back any more where an undo had begun, whatever rows and catalog say', async () => {
    const before = await withWaysBack({ writes: 'resumed' });
    await forged(fixture.plan.database.fencedName);
    const { stopped } = await takenUp();
    const now = await fixture.record();
    expect([now?.backup, now?.snapshot, now?.resumedAt]).toEqual([undefined, undefined, undefined]);
    expect(now?.frozen?.counts).toEqual(before.frozen?.counts);
    expect(now?.frozen?.at).toBe(stopped.at);
    expect(stopped.resumedAt).toBeUndefined();
  });

  test('law 1: nor where somebody gave the database its name back by hand', async () => {
    await withWaysBack();
    const { fencedName, name } = fixture.plan.database;
    await fixture.postgres.asSuperuser(
      'postgres',
      `ALTER DATABASE ${quoted(fencedName)} RENAME TO ${quoted(name)}`,
    );
    await forged(name);
    await takenUp();
    const now = await fixture.record();
    expect([now?.backup, now?.snapshot, now?.writes]).toEqual([undefined, undefined, 'stopped']);
  });
});

describe('put-back', () => {
  test('law 4: gives everything back as the record has it, and looks', async () => {
    const result = await perform(
      putBack,
      { ...fixture.dependencies, ...attempt() },
      { plan: fixture.plan, try: 1, ...undoing },
    );
    expect(result).toEqual({
      workloads: [{ deployment: 'api', replicas: 2 }],
      cronJobs: [
        { name: 'hourly', suspended: false },
        { name: 'daily', suspended: false },
      ],
      database: fixture.plan.database.name,
    });
    expect(await fixture.state()).toEqual(['api 2', 'daily false', 'hourly false']);
    await fixture.postgres.asSuperuser(fixture.plan.database.name, 'SELECT 1');
    expect(
      await perform(
        putBack,
        { ...fixture.dependencies, ...attempt() },
        { plan: fixture.plan, try: 1, ...undoing },
      ),
    ).toEqual(result);
  });

  test('from then on a worker that thaws stops nothing again', async () => {
    await expect(
      perform(stopWrites, { ...fixture.dependencies, ...attempt() }, input()),
    ).rejects.toMatchObject({ type: 'OperationLost', message: expect.stringContaining('is being put back') });
    expect(await fixture.state()).toEqual(['api 2', 'daily false', 'hourly false']);
  });

  test('puts nothing back where the downgrade has begun after all', async () => {
    const { cluster } = fixture.dependencies;
    const { database, operation } = fixture.plan;
    const change = (pivotAt?: string) =>
      update(cluster, 'backstep', database, operation, (record) => {
        const { unwindingAt: _, pivotAt: __, ...rest } = record;
        return { ...rest, ...(pivotAt !== undefined && { pivotAt }) };
      });
    await change();
    await perform(stopWrites, { ...fixture.dependencies, ...attempt() }, input());
    await change(new Date().toISOString());
    await expect(
      perform(putBack, { ...fixture.dependencies, ...attempt() }, { plan: fixture.plan, try: 1, ...undoing }),
    ).rejects.toMatchObject({ type: 'PutBackFailed', message: expect.stringContaining('downgrade began') });
    expect(await fixture.state()).toEqual(['api 0', 'daily true', 'hourly true']);
    await change();
  });

  test('names what could not be put back, and puts back the rest', async () => {
    await perform(stopWrites, { ...fixture.dependencies, ...attempt() }, input());
    await fixture.kubectl('delete', 'cronjob', 'hourly');
    await expect(
      perform(putBack, { ...fixture.dependencies, ...attempt() }, { plan: fixture.plan, try: 1, ...undoing }),
    ).rejects.toMatchObject({
      type: 'PutBackFailed',
      message: expect.stringContaining('CronJob hourly is gone'),
    });
    expect(await fixture.state()).toEqual(['api 2', 'daily false']);
  });
});
