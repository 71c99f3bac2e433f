import { readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { upgrade } from '../../examples/deeptech-radar/install.ts';
import type { Report } from '../../src/views/report/report.ts';
import { runOf, clientOf, start } from './fixtures/workflow-run.ts';
import { openRecord, serviceState, type ServiceState } from './fixtures/service-state.ts';
import { installed, type Installation } from './fixtures/installation.ts';

describe('a rollback of the runbook’s application', () => {
  let here: Installation;
  let before: ServiceState;
  let scored: string[];
  let reported: string;

  beforeAll(async () => {
    here = await installed({
      name: 'rollback',
      install: { replicas: 2 },
      broken: 'pipeline',
      workerProcess: true,
    });
    await here.sql(
      `UPDATE scores SET value = 'NaN', scored_at = '2025-11-18' WHERE paper_id % 7 = 0;
       UPDATE papers SET score = '-Infinity' WHERE id % 13 = 0`,
    );
    before = await serviceState(here);
    scored = await scores(here);
  });
  afterAll(() => here?.close());

  test('law 2, law 4: one revision back, every row kept, everything started again as it is wanted', async () => {
    const rollback = await start(here);
    await rollback.approve('downgrade');
    const result = await rollback.result();
    const after = await serviceState(here);
    reported = result.report?.json ?? '';

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
    const result = await runOf(await clientOf(here)).result();
    const report = readFileSync(result.report?.markdown ?? '', 'utf8');
    expect(report).toContain('0005');
    expect(report).toContain('0004');
    expect(report).toMatch(/not verified/i);
    expect(report).toContain('ada');
    expect(report).toMatch(/[0-9a-f]{64}/);
    expect(report).toContain('Analyze the root cause');
  });

  test('law 9: no secret in the history, the report or the worker’s log', async () => {
    const result = await runOf(await clientOf(here)).result();
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
    expect((await serviceState(here)).revision).toBe('0004');
  });

  test('law 1: what the downgrade destroyed is back after a corrected migration, by the command of the report', async () => {
    const { salvage } = JSON.parse(readFileSync(reported, 'utf8')) as Report;
    expect(salvage).toMatchObject({ lost: [], saved: { store: 'volume claim backstep-backups' } });
    const objects = salvage?.salvaged.map(({ object }) => object).toSorted();
    expect(objects).toEqual(['papers.score', 'scores']);
    const { kubectl, kubeconfig } = here.lab.kubernetes;
    const putBack = () =>
      execa('bash', ['-c', salvage?.saved?.putBack ?? ''], {
        env: { KUBECONFIG: kubeconfig, PATH: `${dirname(kubectl)}:${process.env['PATH']}` },
        reject: false,
        all: true,
      });

    // Nothing is there yet to put it back into.
    const early = await putBack();
    expect(early.all).toContain('Apply the corrected migration first');
    expect(early.exitCode).toBe(1);

    await upgrade(here.lab, here.radar);
    expect(missing(scored, await scores(here))).not.toEqual([]);
    const late = await putBack();
    expect(late.exitCode, late.all).toBe(0);
    expect(missing(scored, await scores(here))).toEqual([]);
  });
});

/** Everything that revision 0005 brought, a line a row. */
async function scores(here: Installation): Promise<string[]> {
  const rows = await here.sql<{ line: string }>(
    `SELECT s::text AS line FROM scores s UNION ALL SELECT id || ' ' || score FROM papers`,
  );
  return rows.map(({ line }) => line);
}

function missing(wanted: string[], found: string[]): string[] {
  const there = new Set(found);
  return wanted.filter((line) => !there.has(line));
}
