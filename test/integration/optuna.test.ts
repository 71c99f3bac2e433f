import { afterAll, beforeAll, expect, test } from 'vitest';
import { start } from './drive.ts';
import { checksums, revision } from './look.ts';
import { scene, type Edit, type Scene } from './scene.ts';

/** A run of the CronJob would write, and the contents are compared. */
const quiet: Edit = (definition) => {
  for (const cronJob of definition.cronJobs ?? []) cronJob.suspended = true;
};

let here: Scene;
beforeAll(async () => {
  here = await scene({ name: 'optuna', service: 'optuna', edit: quiet });
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
