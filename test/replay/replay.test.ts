import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { DeterminismViolationError } from '@temporalio/workflow';
import { Worker } from '@temporalio/worker';
import { beforeAll, describe, expect, inject, test } from 'vitest';
import { workflowHarness } from '../workflow/harness.ts';
import { record } from './record.ts';

/**
 * Runs that are under way while a new version is deployed must go on: so histories are kept and replayed. Until the
 * first release they are recorded anew whenever an order changes (`npm run record`).
 */
const kept = fileURLToPath(new URL('histories', import.meta.url));

const recording = process.env['BACKSTEP_RECORD'] !== undefined;
if (recording) {
  const harness = workflowHarness();
  beforeAll(() => record(harness, kept));
  test('histories are recorded', () => {});
}

interface Kept {
  workflowId: string;
  events: { activityTaskScheduledEventAttributes?: { activityType: { name: string } } }[];
}

const files = await readdir(kept).catch((): string[] => []);
const read = async (file: string) => JSON.parse(await readFile(join(kept, file), 'utf8')) as Kept;

const replay = ({ workflowId, ...history }: Kept) =>
  Worker.runReplayHistory({ workflowBundle: { codePath: inject('workflowBundle') } }, history, workflowId);

describe.skipIf(recording)('kept histories', () => {
  test('there is one of every kind', () => {
    expect(files.length).toBeGreaterThanOrEqual(9);
  });

  test.each(files)('%s replays', async (file) => {
    await replay(await read(file));
  });

  test('a history of another order is noticed', async () => {
    const history = await read(files.find((file) => file === 'rolled-back.json') ?? '');
    const scheduled = history.events.flatMap((event) => event.activityTaskScheduledEventAttributes ?? []);
    const backUp = scheduled.find(({ activityType }) => activityType.name === 'back-up');
    if (backUp) backUp.activityType.name = 'verify';
    await expect(replay(history)).rejects.toThrow(DeterminismViolationError);
  });
});
