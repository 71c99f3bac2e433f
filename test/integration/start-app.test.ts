import { perform } from '../../src/activities/activity-function.ts';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { putBack } from '../../src/activities/put-back/activity.ts';
import { resumeCronJobs } from '../../src/activities/resume-cron-jobs/activity.ts';
import { rollBackApp } from '../../src/activities/roll-back-app/activity.ts';
import { startApp } from '../../src/activities/start-app/activity.ts';
import { stopWrites } from '../../src/activities/stop-writes/activity.ts';
import { update } from '../../src/kubernetes/records.ts';
import { without } from '../../src/kubernetes/without.ts';
import type { Plan } from '../../src/domain/plan/plan.ts';
import type { ServiceDefinitionSource } from '../../src/domain/definition/service.ts';
import {
  attempt,
  otherOperation,
  activityFixture,
  type ActivityFixture,
} from './fixtures/activity-fixture.ts';

let fixture: ActivityFixture;
beforeAll(async () => {
  fixture = await activityFixture('start', short);
  await perform(stopWrites, { ...fixture.dependencies, ...attempt() }, stop());
  await fixture.postgres.asSuperuser(fixture.plan.database.fencedName, atTarget);
});
afterAll(() => fixture.remove());

/** What the downgrade would have done. */
const atTarget = `UPDATE alembic_version SET version_num = '0004'`;

function short(source: ServiceDefinitionSource): void {
  for (const workload of source.workloads) workload.readyWithin = '60s';
}

const stop = (again = false) => ({
  plan: fixture.plan,
  try: 1,
  workflowId: 'backstep-radar',
  runId: 'run-1',
  again,
});
const tried = (number = 1, plan = fixture.plan) => ({ plan, try: number });
const images = () =>
  fixture
    .kubectl('get', 'deployments,cronjobs', '-o', 'jsonpath={.items[*]..containers[*].image}')
    .then((text) => text.split(' '));

/** The plan with another health path, or another wait. */
function withWorkload(change: Partial<Plan['service']['workloads'][number]>): Plan {
  const workloads = fixture.plan.service.workloads.map((workload) => ({ ...workload, ...change }));
  return { ...fixture.plan, service: { ...fixture.plan.service, workloads } };
}

/** The plan with an HTTP check of the service's own. */
function withCheck(check: { path: string; contains?: string }): Plan {
  const http = { name: 'front page', service: 'api', port: 80, status: 200, within: 1_000, ...check };
  return { ...fixture.plan, service: { ...fixture.plan.service, checks: { sql: [], http: [http] } } };
}

describe('roll-back-app', () => {
  test('gives every workload and CronJob the image that fits, while nothing runs', async () => {
    const { old, new: bad } = fixture.images;
    expect(await images()).toEqual([bad, bad, bad]);
    const result = await perform(rollBackApp, { ...fixture.dependencies, ...attempt() }, tried());
    expect(result).toEqual({
      workloads: [{ deployment: 'api', image: old, from: bad }],
      cronJobs: [
        { name: 'hourly', image: old },
        { name: 'daily', image: old },
      ],
      staySuspended: [],
    });
    expect(await images()).toEqual([old, old, old]);
    expect(await fixture.state()).toEqual(['api 0', 'daily true', 'hourly true']);
    expect(await perform(rollBackApp, { ...fixture.dependencies, ...attempt() }, tried())).toEqual(result);
  });

  test('holds where no release fits', async () => {
    const workloads = fixture.plan.workloads.map((workload) => without(workload, ['rollBackTo']));
    await expect(
      perform(
        rollBackApp,
        { ...fixture.dependencies, ...attempt() },
        tried(1, { ...fixture.plan, workloads }),
      ),
    ).rejects.toMatchObject({
      type: 'NoFittingImage',
      message: expect.stringContaining('api'),
    });
  });
});

describe('start-app', () => {
  test('law 3: an application that answers with an error is told, and can be stopped again', async () => {
    const plan = withWorkload({ health: { service: 'api', port: 80, path: '/elsewhere' } });
    await expect(
      perform(startApp, { ...fixture.dependencies, ...attempt() }, tried(1, plan)),
    ).rejects.toMatchObject({
      type: 'Unhealthy',
      message: expect.stringMatching(
        /^api answers \/elsewhere with 404: ok\.\nLast lines of its log:\napi-.*: release 1/,
      ),
    });
    const before = (await fixture.record())?.frozen;
    await fixture.postgres.asSuperuser(
      fixture.plan.database.name,
      `INSERT INTO papers (title) VALUES ('in between')`,
    );
    const stopped = await perform(stopWrites, { ...fixture.dependencies, ...attempt() }, stop(true));
    expect(stopped.counts).toEqual(before?.counts);
    expect((await fixture.record())?.frozen).toEqual(before);
    expect(await fixture.state()).toContain('api 0');
  });

  test('a healthy application that fails a check of the service is no healthy one: the check is named', async () => {
    for (const [check, says] of [
      [
        { path: '/health', contains: 'papers' },
        /“front page” wants 200 with “papers” of api\/health, which answers 200: ok/,
      ],
      [{ path: '/elsewhere' }, /“front page” wants 200 of api\/elsewhere, which answers 404/],
    ] as const) {
      await expect(
        perform(startApp, { ...fixture.dependencies, ...attempt() }, tried(1, withCheck(check))),
      ).rejects.toMatchObject({
        type: 'Unhealthy',
        message: expect.stringMatching(says),
      });
    }
    await perform(stopWrites, { ...fixture.dependencies, ...attempt() }, stop(true));
  });

  test('law 3: a database that an init container migrates again at the start is not verified any more', async () => {
    await fixture.postgres.asSuperuser(
      fixture.plan.database.fencedName,
      `UPDATE alembic_version SET version_num = '0005'`,
    );
    await expect(perform(startApp, { ...fixture.dependencies, ...attempt() }, tried())).rejects.toMatchObject(
      {
        type: 'VerificationFailed',
        message: expect.stringContaining('is at 0005, not at 0004, since the application has started'),
      },
    );
    await perform(stopWrites, { ...fixture.dependencies, ...attempt() }, stop(true));
    await fixture.postgres.asSuperuser(fixture.plan.database.fencedName, atTarget);
  });

  test('an application that is never ready is told with what its pods say', async () => {
    await fixture.kubectl('set', 'env', 'deployment/api', 'RELEASE-');
    await fixture.kubectl('patch', 'deployment', 'api', '--type=json', '-p', JSON.stringify(crash));
    await expect(
      perform(
        startApp,
        { ...fixture.dependencies, ...attempt() },
        tried(1, withWorkload({ readyWithin: 8_000 })),
      ),
    ).rejects.toMatchObject({
      type: 'NotReady',
      message: expect.stringMatching(/not ready within 8 s: .*exit code 5.*no such table/s),
    });
    await fixture.kubectl('rollout', 'undo', 'deployment/api');
    await perform(stopWrites, { ...fixture.dependencies, ...attempt() }, stop(true));
    expect(
      (await perform(rollBackApp, { ...fixture.dependencies, ...attempt() }, tried(2))).workloads[0]?.image,
    ).toBe(fixture.images.old);
  });

  test('starts as many as are wanted, on the database under its own name', async () => {
    const started = await perform(
      startApp,
      { ...fixture.dependencies, ...attempt() },
      tried(1, withCheck({ path: '/health', contains: 'ok' })),
    );
    expect(started).toEqual({
      workloads: [{ deployment: 'api', replicas: 2, seconds: expect.any(Number) }],
      health: [{ deployment: 'api', path: '/health', status: 200 }],
      checks: ['front page'],
    });
    expect(await fixture.state()).toEqual(['api 2', 'daily true', 'hourly true']);
    expect(await fixture.record()).toMatchObject({ writes: 'resumed', resumedAt: expect.any(String) });
    await fixture.postgres.asSuperuser(fixture.plan.database.name, 'SELECT 1');
  });
});

const container = '/spec/template/spec/containers/0/command';
const crash = [
  {
    op: 'replace',
    path: container,
    value: ['python3', '-c', 'import sys; print("no such table"); sys.exit(5)'],
  },
];

const resume = (cronJob: string, number = 1, plan = fixture.plan) =>
  perform(resumeCronJobs, { ...fixture.dependencies, ...attempt() }, { plan, try: number, cronJob });

describe('resume-cron-jobs', () => {
  test('sees one run succeed before the schedule goes on', async () => {
    const job = `${fixture.plan.operation}-resume-cron-jobs-1-hourly`;
    expect(await resume('hourly')).toEqual({
      name: 'hourly',
      job,
      staysSuspended: false,
      seconds: expect.any(Number),
    });
    expect(await fixture.state()).toEqual(['api 2', 'daily true', 'hourly false']);
    // A retry after a crash finds the run; it does not start another.
    expect(await resume('hourly')).toMatchObject({ job });
    expect((await fixture.kubectl('get', 'jobs', '-o', 'name')).split('\n')).toEqual([`job.batch/${job}`]);
  });

  test('suspends again one whose run fails, and tries anew when a person says so', async () => {
    const failing = JSON.stringify([
      { op: 'replace', path: command, value: ['sh', '-c', 'echo no such column; exit 4'] },
    ]);
    await fixture.kubectl('patch', 'cronjob', 'daily', '--type=json', '-p', failing);
    await expect(resume('daily')).rejects.toMatchObject({
      type: 'CronJobFailed',
      message: expect.stringMatching(
        /CronJob daily: .*exit code 4.*no such column\s*It is suspended again\.$/s,
      ),
    });
    expect(await fixture.state()).toContain('daily true');
    const mended = JSON.stringify([{ op: 'replace', path: command, value: ['true'] }]);
    await fixture.kubectl('patch', 'cronjob', 'daily', '--type=json', '-p', mended);
    expect(await resume('daily', 2)).toMatchObject({
      job: `${fixture.plan.operation}-resume-cron-jobs-2-daily`,
    });
    expect(await fixture.state()).toContain('daily false');
  });

  test('ends a run that takes too long', async () => {
    await fixture.kubectl('patch', 'cronjob', 'daily', '--type=json', '-p', JSON.stringify(slow));
    const cronJobs = fixture.plan.service.cronJobs.map((cronJob) => ({ ...cronJob, within: 4_000 }));
    const plan = { ...fixture.plan, service: { ...fixture.plan.service, cronJobs } };
    await expect(resume('daily', 3, plan)).rejects.toMatchObject({
      type: 'CronJobFailed',
      message: expect.stringContaining('did not succeed within 4 s'),
    });
    expect(await fixture.state()).toContain('daily true');
  });

  test.each(['daily', 'hourly'])(
    'with `wait`, takes the next run that the schedule makes: %s',
    async (name) => {
      const often = [
        { op: 'replace', path: '/spec/schedule', value: '* * * * *' },
        { op: 'replace', path: command, value: ['true'] },
      ];
      await fixture.kubectl('patch', 'cronjob', name, '--type=json', '-p', JSON.stringify(often));
      await fixture.kubectl('patch', 'cronjob', name, '-p', '{"spec":{"suspend":true}}');
      const wait = { resume: 'wait' as const, within: 90_000 };
      const cronJobs = fixture.plan.service.cronJobs.map((cronJob) => ({ ...cronJob, ...wait }));
      const plan = { ...fixture.plan, service: { ...fixture.plan.service, cronJobs } };
      const resumed = await resume(name, 4, plan);
      // Jobs of `hourly` remove themselves as soon as they have ended.
      expect(resumed.job).toMatch(name === 'daily' ? /^daily-\d+$/ : /hourly/);
      expect(await fixture.state()).toContain(`${name} false`);
    },
  );

  test('leaves one suspended that no image fits, or that the definition wants so', async () => {
    const cronJobs = fixture.plan.cronJobs.map((cronJob) => without(cronJob, ['rollBackTo']));
    expect(await resume('daily', 5, { ...fixture.plan, cronJobs })).toMatchObject({ staysSuspended: true });
    expect(await fixture.state()).toContain('daily true');
  });
});

const command = '/spec/jobTemplate/spec/template/spec/containers/0/command';
const slow = [{ op: 'replace', path: command, value: ['sleep', '600'] }];

describe('put-back', () => {
  test('after a restore, starts the newer release again', async () => {
    await perform(stopWrites, { ...fixture.dependencies, ...attempt() }, stop(true));
    await update(
      fixture.dependencies.cluster,
      'backstep',
      fixture.plan.database,
      fixture.plan.operation,
      (record) => ({
        ...record,
        pivotAt: new Date().toISOString(),
      }),
    );
    await perform(
      putBack,
      { ...fixture.dependencies, ...attempt() },
      { ...tried(), stopped: true, pivotPassed: true },
    );
    const { new: bad } = fixture.images;
    expect(await images()).toEqual([bad, bad, bad]);
    expect(await fixture.state()).toEqual(['api 2', 'daily false', 'hourly false']);
    expect(
      await fixture.kubectl(
        'get',
        'jobs',
        '-l',
        `backstep.dev/operation=${fixture.plan.operation}`,
        '-o',
        'name',
      ),
    ).toBe('');
  });
});

test('law 7: taken up after writes had resumed, its rows are verified and shown, and a restore brings back the first', async () => {
  const { database, operation } = fixture.plan;
  const before = await fixture.record();
  expect(before).toMatchObject({
    pivotAt: expect.any(String) as string,
    resumedAt: expect.any(String) as string,
  });
  await fixture.postgres.asSuperuser(database.name, `INSERT INTO papers (title) VALUES ('written since')`);
  const takesUp = { operation, pivotPassed: true };
  fixture.plan = { ...fixture.plan, operation: otherOperation(operation), takesUp };
  const stopped = await perform(
    stopWrites,
    { ...fixture.dependencies, ...attempt() },
    { ...stop(), runId: 'run-2' },
  );
  expect(stopped.counts['papers']).toBeGreaterThan(before?.frozen?.counts['papers'] ?? Infinity);
  expect(stopped.resumedAt).toBe(before?.resumedAt);
  expect(await fixture.record()).toMatchObject({
    frozen: before?.frozen,
    counted: { counts: stopped.counts },
  });
});
