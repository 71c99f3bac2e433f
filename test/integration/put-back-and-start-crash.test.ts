import { perform } from '../../src/activities/activity-function.ts';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Attempt, Dependencies } from '../../src/activities/context.ts';
import { putBack } from '../../src/activities/put-back/activity.ts';
import { startApp } from '../../src/activities/start-app/activity.ts';
import { stopWrites } from '../../src/activities/stop-writes/activity.ts';
import { attempt, deleteRecord, otherOperation, undoing } from './fixtures/activity-fixture.ts';
import { crashingAfter } from './fixtures/crashing-process.ts';
import { everyWriter, type EveryWriter } from './fixtures/every-writer.ts';

let fixture: EveryWriter;
let before: object;
beforeAll(async () => {
  fixture = await everyWriter('undo');
  before = await fixture.writers();
});
afterAll(() => fixture.remove());

const puttingBack = (dependencies: Dependencies, worker: Attempt) =>
  perform(putBack, { ...dependencies, ...worker }, { plan: fixture.plan, try: 1, ...undoing });
// Nothing was moved here.
const started = (dependencies: Dependencies, worker: Attempt) =>
  perform(
    startApp,
    { ...dependencies, ...worker },
    { plan: { ...fixture.plan, target: fixture.plan.from }, try: 1 },
  );
const undone = (plan = fixture.plan) =>
  perform(putBack, { ...fixture.dependencies, ...attempt() }, { plan, try: 1, ...undoing });
const stop = (more: object = {}) =>
  perform(
    stopWrites,
    { ...fixture.dependencies, ...attempt() },
    { plan: fixture.plan, try: 1, workflowId: 'backstep-radar', runId: 'run-1', again: false, ...more },
  );

const takeUp = async () => {
  const { operation } = fixture.plan;
  const takesUp = { operation, pivotPassed: false };
  const plan = { ...fixture.plan, operation: otherOperation(operation), takesUp };
  await stop({ plan, runId: 'run-2' });
  await undone(plan);
};

const again = async () => {
  await stop({ again: true });
  await undone();
};

const goesOn = async () => {
  await started(fixture.dependencies, attempt());
  await undone();
};

/** Stops writes by an operation of its own, then lets an activity die after its k-th change; answers with that change. */
async function crashAfter(
  k: number,
  activity: (dependencies: Dependencies, worker: Attempt) => Promise<unknown>,
): Promise<string | undefined> {
  await deleteRecord(fixture, fixture.plan.database);
  await stop();
  const worker = attempt();
  const { dependencies, last, over } = crashingAfter(k, fixture.dependencies, () => worker.crash());
  await activity(dependencies, worker)
    .catch((error: unknown) => {
      if (last() === undefined) throw error;
    })
    .finally(over);
  return last();
}

/** More than there are; each test says how many. */
const most = 30;
const timeout = 500_000;

/** Lets an activity die after each of its changes, or each second one, and looks what follows; answers with the changes. */
async function forEachChange(
  activity: (dependencies: Dependencies, worker: Attempt) => Promise<unknown>,
  then: () => Promise<unknown>,
  every = 1,
): Promise<string> {
  const changes: string[] = [];
  for (let k = every; k <= most; k += every) {
    const change = await crashAfter(k, activity);
    await then();
    expect(await fixture.writers(), `after change ${k}: ${change}`).toEqual(before);
    if (change === undefined) break;
    changes.push(change);
  }
  return changes.join('\n');
}

describe('law 4, law 8: put-back that dies after any single change', () => {
  test('is finished by the next attempt', { timeout }, async () => {
    const changes = await forEachChange(puttingBack, () => undone());
    // Record, the database's name, Deployment, CronJobs, subscription and Job.
    expect(changes).toMatch(
      /^replaceNamespacedConfigMap[^]*RENAME TO[^]*patchNamespacedDeployment[^]*ALTER SUBSCRIPTION/,
    );
    expect(changes.split('\n').length).toBeGreaterThanOrEqual(8);
  });

  test('is finished by an operation that takes it up', { timeout }, async () => {
    await forEachChange(puttingBack, takeUp, 2);
  });
});

describe('law 3, law 8: start-app that dies after any single change', () => {
  test(
    'can be stopped again, as after a start that failed, and is undone from the same record',
    { timeout },
    async () => {
      const changes = await forEachChange(started, again);
      expect(changes).toMatch(
        /^replaceNamespacedConfigMap[^]*RENAME TO[^]*patchNamespacedDeployment[^]*ALTER SUBSCRIPTION/,
      );
    },
  );

  test('goes on at another worker', { timeout }, async () => {
    await forEachChange(started, goesOn, 2);
  });
});
