import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { DeterminismViolationError } from '@temporalio/workflow';
import { Worker } from '@temporalio/worker';
import { describe, expect, inject, test } from 'vitest';
import { workflowHarness } from '../workflow/harness.ts';
import { record } from './record.ts';
import { recordedRuns } from './recorded-runs.ts';

/**
 * Runs that are under way while a new version is deployed must go on: so histories are kept and replayed. Until the
 * first release they are recorded anew whenever an order changes (`npm run record`).
 */
const kept = fileURLToPath(new URL('histories', import.meta.url));

const recording = process.env['BACKSTEP_RECORD'] !== undefined;
if (recording) {
  const harness = workflowHarness();
  test('histories are recorded', () => record(harness, kept), 600_000);
}

interface HistoryEvent {
  activityTaskScheduledEventAttributes?: { activityType: { name: string } };
  workflowTaskCompletedEventAttributes?: object;
}
interface Recorded {
  workflowId: string;
  events: HistoryEvent[];
}

const files = await readdir(kept).catch((): string[] => []);
const read = async (file: string) => JSON.parse(await readFile(join(kept, file), 'utf8')) as Recorded;

const bundle = () => ({ workflowBundle: { codePath: inject('workflowBundle') } });
const replay = ({ workflowId, ...history }: Recorded) =>
  Worker.runReplayHistory(bundle(), history, workflowId);

/** So many places of each history, spread evenly, besides its end. */
const cuts = 5;

/** As a worker finds it that goes on for a dead one: up to one of its workflow tasks. */
function truncated({ workflowId, events }: Recorded): Recorded[] {
  const tasks = events.flatMap((event, index) =>
    event.workflowTaskCompletedEventAttributes ? [index + 1] : [],
  );
  const before = tasks.slice(0, -1);
  const step = Math.ceil(before.length / cuts);
  return before
    .filter((_, index) => index % step === 0)
    .map((end) => ({ workflowId, events: events.slice(0, end) }));
}

describe.skipIf(recording)('kept histories', () => {
  test('there is one of every recorded run', () => {
    expect(files).toEqual(
      Object.keys(recordedRuns)
        .map((name) => `${name}.json`)
        .toSorted(),
    );
  });

  test.each(files)('%s replays, whole and cut off', async (file) => {
    const whole = await read(file);
    const histories = [whole, ...truncated(whole)].map(({ workflowId, events }) => ({
      workflowId,
      history: { events },
    }));
    let replayed = 0;
    for await (const { error } of Worker.runReplayHistories(bundle(), histories)) {
      if (error) throw error;
      replayed += 1;
    }
    expect(replayed).toBe(histories.length);
  });

  test('a history of another order is noticed', async () => {
    const history = await read('rolled-back.json');
    const scheduled = history.events.flatMap((event) => event.activityTaskScheduledEventAttributes ?? []);
    const backUp = scheduled.find(({ activityType }) => activityType.name === 'back-up');
    if (backUp) backUp.activityType.name = 'verify';
    await expect(replay(history)).rejects.toThrow(DeterminismViolationError);
  });
});
