import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { historyToJSON } from '@temporalio/common/lib/proto-utils.js';
import type { WorkflowHarness } from '../workflow/harness.ts';
import { recordedRuns } from './recorded-runs.ts';

/** Names of the machine that recorded, and paths in its stack traces, tell nothing about the order of commands. */
const anonymous = (key: string, value: unknown): unknown => {
  if (key === 'identity') return 'worker';
  if (key === 'stackTrace') return '';
  if (key === 'name' && typeof value === 'string' && /^\d+@/.test(value)) return 'sticky';
  return value;
};

/** Runs each of them and keeps its history; the name of the file ends in the workflow ID, which replay needs. */
export async function record(harness: WorkflowHarness, directory: string): Promise<void> {
  await mkdir(directory, { recursive: true });
  await Promise.all(
    Object.entries(recordedRuns).map(async ([name, { setup, type, act }]) => {
      const run = await harness.start(setup, undefined, type);
      await act(run, harness);
      await run.handle.result().catch(() => undefined);
      const history = JSON.parse(historyToJSON(await run.handle.fetchHistory())) as object;
      const kept = { workflowId: run.handle.workflowId, ...history };
      await writeFile(join(directory, `${name}.json`), `${JSON.stringify(kept, anonymous, 1)}\n`);
    }),
  );
}
