import { afterEach, describe, expect, test } from 'vitest';
import { start } from './fixtures/workflow-run.ts';
import {
  fencedName,
  checksums,
  databases,
  openRecord,
  serviceState,
  workloads,
} from './fixtures/service-state.ts';
import { installed, small, type Installation } from './fixtures/installation.ts';
import { downgradeDeletesPapers } from './fixtures/variants/index.ts';

describe('a restore brings back what was there, and destroys nothing', () => {
  let here: Installation;
  afterEach(() => here?.close());

  test('law 7: a downgrade that deletes papers fails verify, and restore brings equal contents back', async () => {
    here = await installed({
      name: 'deletes',
      install: { images: { new: downgradeDeletesPapers } },
      edit: small,
    });
    const before = { sums: await checksums(here), serviceState: await serviceState(here) };
    const rollback = await start(here);
    await rollback.approve('downgrade');
    const hold = await rollback.hold('verify');
    expect(hold.fault.type).toBe('VerificationFailed');
    expect(hold.fault.message).toContain('papers');
    expect((await workloads(here)).replicas).toBe(0);
    const snapshot = (await databases(here)).find((name) => name.includes('__snapshot_'));
    expect(await openRecord(here)).toMatchObject({ snapshot: { database: snapshot } });

    await rollback.decide('verify', 'restore');
    await rollback.approve('restore');
    const result = await rollback.result();
    expect(result.outcome).toBe('restored');
    // By a rename: the snapshot is the database now, and the one that failed is kept.
    expect(await databases(here)).toEqual([
      here.radar.database,
      snapshot?.replace('__snapshot_', '__failed_'),
    ]);
    const report = await here.backstep('report', 'deeptech-radar');
    expect(report.stdout).toMatch(/Restored at 0005 from the snapshot in [\d.]+ s/);
    expect(await checksums(here)).toEqual(before.sums);
    const after = await serviceState(here);
    expect(after).toMatchObject({ ...before.serviceState, databases: expect.anything() as string[] });
    expect(after.databases.filter((name) => name.includes('__failed_'))).toHaveLength(1);
    expect(await openRecord(here)).toBeUndefined();

    const failed = snapshot?.replace('__snapshot_', '__failed_') ?? '';
    const kept = await here.backstep('artifacts', 'deeptech-radar');
    expect(kept.stdout).toMatch(new RegExp(`^failed database .* bs-[0-9a-f]{8} +${failed}$`, 'm'));
    expect(kept.stdout).toMatch(/^dump .* bs-[0-9a-f]{8} .*\.dump$/m);
    const live = await here.backstep('artifacts', 'deeptech-radar', '--remove', here.radar.database, failed);
    expect(live.exitCode).toBe(3);
    expect(live.stdout).toContain(`Removed ${failed}\nNOT removed ${here.radar.database}: `);
    expect(await databases(here)).toEqual([here.radar.database]);
    expect(
      (await here.backstep('artifacts', 'deeptech-radar', '--remove-expired', '--remove', 'x')).exitCode,
    ).toBe(2);
  });

  test('law 3: a restored database stays stopped unless a person says otherwise', async () => {
    here = await installed({
      name: 'stays',
      install: { images: { new: downgradeDeletesPapers } },
      edit: small,
    });
    const rollback = await start(here);
    await rollback.approve('downgrade');
    await rollback.decide('verify', 'restore');
    await rollback.reject('restore');
    expect((await rollback.result()).outcome).toBe('aborted');
    expect((await workloads(here)).replicas).toBe(0);
    expect(await openRecord(here)).toBeDefined();
  });

  test('Option C, base: two different people, every migration reverted, and restore brings all of it back', async () => {
    here = await installed({ name: 'base', edit: small });
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
    expect(Object.keys(await checksums(here, await fencedName(here)))).toEqual(['alembic_version']);
    await rollback.decide('roll-back-app', 'restore');
    await rollback.approve('restore');
    expect((await rollback.result()).outcome).toBe('restored');
    expect(await checksums(here)).toEqual(before);
  });
});
