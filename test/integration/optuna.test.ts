import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { backupDirectory } from '../../lab/site.ts';
import type { Report } from '../../src/views/report/report.ts';
import { clientOf, runOf, start } from './fixtures/workflow-run.ts';
import { checksums, revision } from './fixtures/service-state.ts';
import { installed, type Edit, type Installation } from './fixtures/installation.ts';

/** A run of the CronJob would write, and the contents are compared. */
const quietAndThorough: Edit = (definition) => {
  for (const cronJob of definition.cronJobs ?? []) cronJob.suspended = true;
  definition.backup = {
    ...definition.backup,
    format: 'directory',
    proof: 'restore',
    proveBefore: 'end',
  };
};

let here: Installation;
beforeAll(async () => {
  here = await installed({ name: 'optuna', service: 'optuna', edit: quietAndThorough });
});
afterAll(() => here?.close());

test('a real history that nobody here wrote: optuna goes back one revision by a service definition alone', async () => {
  const before = { revision: await revision(here), sums: await checksums(here) };
  const rollback = await start(here, { service: 'optuna' });
  await rollback.approve('downgrade');
  const result = await rollback.result();

  expect(result.outcome).toBe('rolled-back');
  expect(before.revision).toBe('v3.2.0.a');
  expect(await revision(here)).toBe('v3.0.0.d');
  const { alembic_version: _, ...contents } = await checksums(here);
  expect(before.sums).toMatchObject(contents);
  expect(Object.keys(contents).length).toBeGreaterThan(5);
});

test('law 1: its backup came from the snapshot, beside the downgrade, and was proved by a restore drill', async () => {
  const { report } = await runOf(await clientOf(here), 'backstep-optuna').result();
  const written = JSON.parse(readFileSync(report?.json ?? '', 'utf8')) as Report;
  const { backup } = written;
  const snapshot = written.steps.find(({ step }) => step === 'snapshot');
  expect(backup).toMatchObject({
    format: 'directory',
    proof: 'restore',
    store: 'volume claim backstep-backups',
  });
  expect(backup?.fingerprint).toMatch(/^[0-9a-f]{64}$/);
  expect(snapshot?.summary).toContain(`fingerprint ${backup?.fingerprint?.slice(0, 12)}`);
  expect(readdirSync(join(backupDirectory(here.temporalNamespace), backup?.file ?? ''))).toContain('toc.dat');
});
