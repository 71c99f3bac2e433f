import { perform } from '../../src/activities/activity-function.ts';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { putBack } from '../../src/activities/put-back/activity.ts';
import { stopWrites } from '../../src/activities/stop-writes/activity.ts';
import { attempt, deleteRecord, undoing } from './fixtures/activity-fixture.ts';
import { crashingAfter } from './fixtures/crashing-process.ts';
import { everyWriter, type EveryWriter } from './fixtures/every-writer.ts';

let fixture: EveryWriter;
let before: object;
beforeAll(async () => {
  fixture = await everyWriter('crash');
  before = await fixture.writers();
});
afterAll(() => fixture.remove());

const input = () => ({
  plan: fixture.plan,
  try: 1,
  workflowId: 'backstep-radar',
  runId: 'run-1',
  again: false,
});

/** Lets stop-writes die after its k-th change; answers with that change, undefined where it came to its end. */
async function crashAfter(k: number): Promise<string | undefined> {
  await deleteRecord(fixture, fixture.plan.database);
  const worker = attempt();
  const { dependencies, last, over } = crashingAfter(k, fixture.dependencies, () => worker.crash());
  await perform(stopWrites, { ...dependencies, ...worker }, input())
    .catch((error: unknown) => {
      if (last() === undefined) throw error;
    })
    .finally(over);
  return last();
}

/** More than there are; the test says how many. */
const most = 30;

describe('law 4, law 8: stop-writes that dies after any single change', () => {
  test('is undone from the record: everything is as before', { timeout: 400_000 }, async () => {
    const changes: string[] = [];
    for (let k = 1; k <= most; k += 1) {
      const change = await crashAfter(k);
      await perform(
        putBack,
        { ...fixture.dependencies, ...attempt() },
        { plan: fixture.plan, try: 1, ...undoing },
      );
      expect(await fixture.writers(), `after change ${k}: ${change}`).toEqual(before);
      if (change === undefined) break;
      changes.push(change);
    }
    // Record, Deployment, two CronJobs, Job, subscription, the database's name, the contents found; which of those at
    // once comes first is chance.
    expect(changes.length).toBeGreaterThanOrEqual(10);
    expect(changes.join('\n')).toMatch(/ALTER SUBSCRIPTION[^]*RENAME TO/);
    expect(changes[0]).toBe('createNamespacedConfigMap');
    expect(changes.at(-1)).toBe('replaceNamespacedConfigMap');
  });

  test(
    'goes on where another worker runs it again, and is undone from the same record',
    { timeout: 400_000 },
    async () => {
      // Every second one: a crash before and one after each kind of change.
      for (let k = 2; k <= most; k += 2) {
        const change = await crashAfter(k);
        if (change === undefined) break;
        await perform(stopWrites, { ...fixture.dependencies, ...attempt() }, input());
        expect(await fixture.writers(), `after change ${k}: ${change}`).toMatchObject({
          state: ['api 0', 'daily true', 'hourly true'],
          suspended: 'true',
          subscription: false,
          database: fixture.postgres.fencedName,
        });
        await perform(
          putBack,
          { ...fixture.dependencies, ...attempt() },
          { plan: fixture.plan, try: 1, ...undoing },
        );
        expect(await fixture.writers(), `after change ${k}: ${change}`).toEqual(before);
      }
    },
  );
});
