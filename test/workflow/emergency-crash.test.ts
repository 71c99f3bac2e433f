import { Worker } from '@temporalio/worker';
import { describe, expect, inject, test } from 'vitest';
import { failingAt, theatre } from './theatre.ts';
import type { Play } from './play.ts';

const stage = theatre();

/** Replays a finished run as far as each of its workflow tasks: what a worker does that goes on for a dead one. */
async function replayedFromEachTask(play: Play): Promise<number> {
  const history = await play.handle.fetchHistory();
  const events = history.events ?? [];
  let tasks = 0;
  for (const [index, event] of events.entries()) {
    if (!event.workflowTaskCompletedEventAttributes) continue;
    tasks += 1;
    await Worker.runReplayHistory(
      { workflowBundle: { codePath: inject('workflowBundle') } },
      { events: events.slice(0, index + 1) },
      play.handle.workflowId,
    );
  }
  return tasks;
}

describe('law 8: the worker dies at any moment of an emergency restore, and another goes on', () => {
  test('restored after a hold on each side of the rename', async () => {
    const play = await stage.play(
      {
        script: {
          ...failingAt('restore-beside', [1], 'RestoreFailed'),
          ...failingAt('start-app', [1], 'Unhealthy'),
        },
      },
      undefined,
      'emergencyRestore',
    );
    await play.decide('restore-beside', 'retry');
    await play.approve('restore', 'ann');
    await play.approve('restore', 'bob');
    await play.decide('start-app', 'retry');
    expect(await play.result()).toMatchObject({ outcome: 'restored' });
    expect(await replayedFromEachTask(play)).toBeGreaterThan(12);
  });

  test('cancelled at gate restore, and put back', async () => {
    const play = await stage.play({}, undefined, 'emergencyRestore');
    await play.gate('restore');
    await play.handle.cancel();
    expect(await play.result()).toMatchObject({ outcome: 'put-back' });
    expect(await replayedFromEachTask(play)).toBeGreaterThan(6);
  });
});
