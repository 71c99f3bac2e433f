import { execFileSync } from 'node:child_process';
import { chownSync, mkdirSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { migrateBadly } from '../../examples/deeptech-radar/install.ts';
import { backupDirectory } from '../../lab/site.ts';
import { clientOf, runOf } from './fixtures/workflow-run.ts';
import { checksums, databases, openRecord, workloads, serviceState } from './fixtures/service-state.ts';
import { installed, type Edit, type Installation } from './fixtures/installation.ts';

/** The runbook's own command, Step 2, onto the backup store. */
function dump({ lab, radar }: Installation, file: string): void {
  const directory = join(backupDirectory(radar.namespace), 'dumps');
  mkdirSync(directory, { recursive: true });
  execFileSync('bash', ['-c', `pg_dump "$DATABASE_URL" | gzip > ${join(directory, file)}`], {
    env: {
      ...process.env,
      DATABASE_URL: radar.databaseUrl.replace('+psycopg', ''),
      PATH: `${lab.postgres.bin}${delimiter}${process.env['PATH']}`,
    },
  });
  chownSync(directory, 10_001, 10_001);
}

/** What a CronJob writes is not in the dump: here none is resumed. */
const noCronJobs: Edit = (definition) => {
  for (const cronJob of definition.cronJobs ?? []) cronJob.suspended = true;
};

describe('the runbook’s Emergency Database Restore, without its DROP DATABASE', () => {
  let here: Installation;
  afterEach(() => here?.close());

  test('law 7: data corrupted after a dump: two people see what is lost, the dump comes back, and the corrupted database is kept', async () => {
    here = await installed({ name: 'emergency', broken: false, edit: noCronJobs });
    const whole = await serviceState(here);
    dump(here, 'backup_20251118.sql.gz');
    const dumped = await checksums(here);
    await migrateBadly(here.lab, here.radar);
    await here.sql(
      `DELETE FROM papers WHERE id IN (SELECT id FROM papers ORDER BY id LIMIT 50);
       UPDATE opportunities SET title = 'corrupted' WHERE id IN (SELECT max(id) FROM opportunities);
       INSERT INTO repositories (full_name, stars, pushed_at) VALUES ('written/since-1', 1, now()), ('written/since-2', 2, now())`,
    );
    const corrupted = await checksums(here);

    const file = 'dumps/backup_20251118.sql.gz';
    const started = await here.backstep(
      'emergency-restore',
      'deeptech-radar',
      '--file',
      file,
      '--by',
      'ada',
      '--reason',
      'papers are gone',
    );
    expect(started.stdout).toContain('Started backstep-deeptech-radar');
    const restore = runOf(await clientOf(here));
    await restore.gate('restore');
    const { gate, from, target } = await restore.progress();
    expect({ from, target }).toEqual({ from: '0005', target: '0004' });
    expect(gate?.people).toBe(2);
    const shown = gate?.shows.join('\n') ?? '';
    expect(shown).toContain(`file ${file}`);
    expect(shown).toMatch(/LOST: repositories: .* 2 rows only in the database as it is now/);
    expect(shown).toMatch(/LOST: opportunities: .* 1 row different/);
    expect(shown).toMatch(/papers: .* 50 rows only in the restored one/);
    expect((await workloads(here)).replicas).toBe(0);
    await restore.approve('restore', 'ada');
    await restore.approve('restore', 'grace');
    const result = await restore.result();
    expect(result).toMatchObject({ outcome: 'restored', from: '0005', to: '0004' });

    expect(await checksums(here)).toEqual(dumped);
    const after = await serviceState(here);
    expect(after).toMatchObject({ ...whole, suspended: {}, databases: expect.anything() as string[] });
    expect(after.image).toBe(here.radar.images.old);
    const kept = (await databases(here)).find((name) => name.includes('__failed_'));
    expect(await checksums(here, kept)).toEqual(corrupted);
    expect((await databases(here)).filter((name) => name.includes('__restored_'))).toEqual([]);
    expect(await openRecord(here)).toBeUndefined();
    const report = await here.backstep('report', 'deeptech-radar');
    expect(report.stdout).toContain('# Emergency restore of deeptech-radar: restored');
    expect(report.stdout).toContain('| `repositories` | lost |');
    const status = await here.backstep('status', 'deeptech-radar');
    expect(status.exitCode).toBe(0);
  });
});
