import { afterEach, describe, expect, test } from 'vitest';
import { start } from './drive.ts';
import { checksums, openRecord, revision, world, workloads } from './look.ts';
import { scene, type Edit, type Scene, type SceneOptions } from './scene.ts';
import { downgradeDeletesPapers, failingRun, oldReleaseUnwell } from './variants/index.ts';

describe('from the downgrade on nothing unwinds by itself: a person decides', () => {
  let here: Scene;
  const broken = async (options: SceneOptions) => {
    here = await scene({ ...options, edit: one });
  };
  afterEach(() => here?.close());

  test('law 7: a downgrade that deletes papers fails verify, and restore brings equal contents back', async () => {
    await broken({ name: 'deletes', install: { images: { new: downgradeDeletesPapers } } });
    const before = { sums: await checksums(here), world: await world(here) };
    const rollback = await start(here);
    await rollback.approve('downgrade');
    const hold = await rollback.hold('verify');
    expect(hold.fault.type).toBe('VerificationFailed');
    expect(hold.fault.message).toContain('papers');
    expect((await workloads(here)).replicas).toBe(0);

    await rollback.decide('verify', 'restore');
    await rollback.approve('restore');
    const result = await rollback.result();
    expect(result.outcome).toBe('restored');
    expect(await checksums(here)).toEqual(before.sums);
    const after = await world(here);
    expect(after).toMatchObject({ ...before.world, databases: expect.anything() as string[] });
    expect(after.databases.filter((name) => name.includes('__failed_'))).toHaveLength(1);
    expect(await openRecord(here)).toBeUndefined();
  });

  test('law 3: a restored database stays stopped unless a person says otherwise', async () => {
    await broken({ name: 'stays', install: { images: { new: downgradeDeletesPapers } } });
    const rollback = await start(here);
    await rollback.approve('downgrade');
    await rollback.decide('verify', 'restore');
    await rollback.reject('restore');
    expect((await rollback.result()).outcome).toBe('restored');
    expect((await workloads(here)).replicas).toBe(0);
    expect(await openRecord(here)).toBeDefined();
  });

  test('law 3: /health fails: writes are stopped again, and a person decides', async () => {
    await broken({
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
    await broken({ name: 'third', install: { cronJobs: { 'linking-daily': failingRun } } });
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
    await broken({ name: 'by-hand' });
    await here.kubectl('scale', 'deployment/deeptech-api', '--replicas=0');
    await here.kubectl('patch', 'cronjob', 'arxiv-hourly', '-p', '{"spec":{"suspend":true}}');
    const rollback = await start(here);
    await rollback.approve('downgrade');
    await rollback.step('downgrade', 'running');
    await rollback.handle.cancel();
    const held = await rollback.hold('verify').catch(() => rollback.hold('roll-back-app'));
    expect(await revision(here, await aside())).toBe('0004');
    await rollback.decide(held.step, 'retry');
    expect((await rollback.result()).outcome).toBe('rolled-back');
    const now = await workloads(here);
    expect(now.replicas).toBe(1);
    expect(Object.values(now.suspended)).toEqual([false, false, false, false, false]);
  });

  test('Option C, base: two different people, every migration reverted, and restore brings all of it back', async () => {
    await broken({ name: 'base' });
    const before = await checksums(here);
    const rollback = await start(here, { target: 'base' });
    const hash = await rollback.gate('downgrade');
    await rollback.approve('downgrade', 'ada');
    await expect(rollback.approve('downgrade', ' ADA ')).rejects.toThrow();
    expect((await rollback.progress()).gate?.approvedBy).toEqual(['ada']);
    expect(await rollback.gate('downgrade')).toBe(hash);
    await rollback.approve('downgrade', 'grace');

    // No release runs on an empty schema: nothing is started, and a person decides.
    const hold = await rollback.hold('roll-back-app');
    expect(hold.fault.type).toBe('NoFittingImage');
    expect(Object.keys(await checksums(here, await aside()))).toEqual(['alembic_version']);
    await rollback.decide('roll-back-app', 'restore');
    await rollback.approve('restore');
    expect((await rollback.result()).outcome).toBe('restored');
    expect(await checksums(here)).toEqual(before);
  });

  const aside = async () => {
    const [row] = await here.sql<{ datname: string }>(
      `SELECT datname FROM pg_database WHERE datname LIKE '${here.radar.database}\\_\\_backstep%'`,
      'postgres',
    );
    return row?.datname ?? '';
  };
});

const one: Edit = (definition) => {
  for (const workload of definition.workloads) workload.replicas = 1;
};
