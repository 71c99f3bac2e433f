import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { drive, clientOf, start } from './drive.ts';
import { openRecord, world, type World } from './look.ts';
import { scene, type Scene } from './scene.ts';

describe('a rollback of the runbook’s application', () => {
  let here: Scene;
  let before: World;

  beforeAll(async () => {
    here = await scene({ name: 'rollback', install: { replicas: 2 } });
    before = await world(here);
  });
  afterAll(() => here?.close());

  test('law 2, law 4: one revision back, every row kept, everything started again as it is wanted', async () => {
    const rollback = await start(here);
    await rollback.approve('downgrade');
    const result = await rollback.result();
    const after = await world(here);

    expect(result.outcome).toBe('rolled-back');
    expect([before.revision, after.revision]).toEqual(['0005', '0004']);
    for (const [table, rows] of Object.entries(before.counts)) {
      // The CronJobs have run once since, and written.
      expect(after.counts[table]).toBeGreaterThanOrEqual(rows);
    }
    expect(after.replicas).toBe(2);
    expect(after.image).toBe(here.radar.images.old);
    expect(Object.values(after.suspended)).toEqual([false, false, false, false, false]);
    expect(after.databases).toEqual([here.radar.database]);
    expect(await openRecord(here)).toBeUndefined();
    expect(result.counts.atEnd).toMatchObject(before.counts);
  });

  test('law 10: the report names revisions, counts, the backup, and what was not verified', async () => {
    const result = await drive(await clientOf(here)).result();
    const report = readFileSync(result.report?.markdown ?? '', 'utf8');
    expect(report).toContain('0005');
    expect(report).toContain('0004');
    expect(report).toMatch(/not verified/i);
    expect(report).toContain('ada');
    expect(report).toMatch(/[0-9a-f]{64}/);
    expect(report).toContain('Analyze the root cause');
  });

  test('law 9: no secret in the history, the report or the worker’s log', async () => {
    const result = await drive(await clientOf(here)).result();
    const history = await here.temporal('workflow', 'show', '-w', 'backstep-deeptech-radar', '-o', 'json');
    const log = readFileSync(`${here.site.directory}/worker.log`, 'utf8');
    const texts = [history, log, readFileSync(result.report?.json ?? '', 'utf8')];
    const passwords = [here.radar.databaseUrl, here.radar.adminUrl].map((url) => new URL(url).password);
    for (const text of texts) for (const password of passwords) expect(text).not.toContain(password);
  });

  test('the cluster holds nothing more of the operation: no Job, no Secret', async () => {
    const left = await here.kubectl('get', 'jobs,secrets', '-l', 'backstep.dev/operation', '-o', 'name');
    expect(left).toBe('');
  });

  test('law 2: the same start after the first has ended moves nothing further', async () => {
    const again = await here.backstep('rollback', 'deeptech-radar', '--json');
    expect(again.stdout).toContain('"already"');
    const raw = await start(here);
    expect((await raw.result()).outcome).toBe('nothing-to-do');
    expect((await world(here)).revision).toBe('0004');
  });
});
