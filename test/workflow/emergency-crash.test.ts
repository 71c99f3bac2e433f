import { Worker } from '@temporalio/worker';
import { describe, expect, inject, test } from 'vitest';
import { failingAt, workflowHarness } from './harness.ts';
import type { WorkflowRun } from './workflow-run.ts';

const harness = workflowHarness();

/** Replays a finished run as far as each of its workflow tasks: what a worker does that goes on for a dead one. */
async function replayedFromEachTask(run: WorkflowRun): Promise<number> {
  const history = await run.handle.fetchHistory();
  const events = history.events ?? [];
  let tasks = 0;
  for (const [index, event] of events.entries()) {
    if (!event.workflowTaskCompletedEventAttributes) continue;
    tasks += 1;
    await Worker.runReplayHistory(
      { workflowBundle: { codePath: inject('workflowBundle') } },
      { events: events.slice(0, index + 1) },
      run.handle.workflowId,
    );
  }
  return tasks;
}

describe('law 8: the worker dies at any moment of an emergency restore, and another goes on', () => {
  test('restored after a hold on each side of the rename', async () => {
    const run = await harness.start(
      {
        activities: {
          ...failingAt('restore-new-database', [1], 'RestoreFailed'),
          ...failingAt('start-app', [1], 'Unhealthy'),
        },
      },
      undefined,
      'emergencyRestore',
    );
    await run.decide('restore-new-database', 'retry');
    await run.approve('restore', 'ann');
    await run.approve('restore', 'bob');
    await run.decide('start-app', 'retry');
    expect(await run.result()).toMatchObject({ outcome: 'restored' });
    expect(await replayedFromEachTask(run)).toBeGreaterThan(12);
  });

  test('cancelled at gate restore, and put back', async () => {
    const run = await harness.start({}, undefined, 'emergencyRestore');
    await run.gate('restore');
    await run.handle.cancel();
    expect(await run.result()).toMatchObject({ outcome: 'put-back' });
    expect(await replayedFromEachTask(run)).toBeGreaterThan(6);
  });
});
