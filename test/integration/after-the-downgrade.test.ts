import { afterEach, describe, expect, test } from 'vitest';
import { start } from './fixtures/workflow-run.ts';
import { fencedName, openRecord, revision, workloads } from './fixtures/service-state.ts';
import { installed, type Installation } from './fixtures/installation.ts';
import { failingRun, oldReleaseUnwell } from './fixtures/variants/index.ts';

describe('from the downgrade on nothing unwinds by itself: a person decides', () => {
  let here: Installation;
  afterEach(() => here?.close());

  test('law 3: /health fails: writes are stopped again, and a person decides', async () => {
    here = await installed({
      name: 'unwell',
      install: { images: { old: oldReleaseUnwell }, awaitReady: false },
    });
    here.define((definition) => {
      for (const workload of definition.workloads) workload.readyWithin = '10s';
    });
    const rollback = await start(here);
    await rollback.approve('downgrade');
    const hold = await rollback.hold('start-app');
    expect(hold.fault.type).toMatch(/^(NotReady|Unhealthy)$/);
    const now = await workloads(here);
    expect(now.replicas).toBe(0);
    expect(Object.values(now.suspended)).toEqual([true, true, true, true, true]);
    const [gone] = await here.sql(
      `SELECT 1 FROM pg_database WHERE datname = '${here.radar.database}'`,
      'postgres',
    );
    expect(gone).toBeUndefined();

    await rollback.decide('start-app', 'abort');
    expect((await rollback.result()).outcome).toBe('aborted');
    expect((await workloads(here)).replicas).toBe(0);
    expect(await openRecord(here)).toBeDefined();
  });

  test('the third CronJob fails: it is suspended again, the API stays up, skip goes on', async () => {
    here = await installed({ name: 'third', install: { cronJobs: { 'linking-daily': failingRun } } });
    const rollback = await start(here);
    await rollback.approve('downgrade');
    const hold = await rollback.hold('resume-cron-jobs');
    expect(hold.fault.message).toContain('linking-daily');
    const now = await workloads(here);
    expect(now.replicas).toBe(1);
    expect(now.suspended).toEqual({
      'arxiv-hourly': false,
      'github-hourly': false,
      'linking-daily': true,
      'scoring-daily': true,
      'opportunities-daily': true,
    });
    await rollback.decide('resume-cron-jobs', 'skip');
    const result = await rollback.result();
    expect(result.outcome).toBe('rolled-back');
    expect((await workloads(here)).suspended).toMatchObject({
      'linking-daily': true,
      'opportunities-daily': false,
    });
  });

  test('law 4: found at 0 and suspended by hand, the definition’s state is the wanted one; a late cancel is a hold', async () => {
    here = await installed({ name: 'by-hand' });
    await here.kubectl('scale', 'deployment/deeptech-api', '--replicas=0');
    await here.kubectl('patch', 'cronjob', 'arxiv-hourly', '-p', '{"spec":{"suspend":true}}');
    const rollback = await start(here);
    await rollback.approve('downgrade');
    await rollback.step('downgrade', 'running');
    await rollback.handle.cancel();
    const held = await rollback.hold('verify').catch(() => rollback.hold('roll-back-app'));
    expect(await revision(here, await fencedName(here))).toBe('0004');
    await rollback.decide(held.step, 'retry');
    expect((await rollback.result()).outcome).toBe('rolled-back');
    const now = await workloads(here);
    expect(now.replicas).toBe(1);
    expect(Object.values(now.suspended)).toEqual([false, false, false, false, false]);
  });
});
