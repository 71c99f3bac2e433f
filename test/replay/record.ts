import { mkdir, rm, writeFile } from 'node:fs/promises';
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

/** Runs each of them and keeps its history, an event a line; replay needs the workflow ID beside it. */
export async function record(harness: WorkflowHarness, directory: string): Promise<void> {
  await rm(directory, { recursive: true, force: true });
  await mkdir(directory, { recursive: true });
  for (const [name, { setup, type, act }] of Object.entries(recordedRuns)) {
    const run = await harness.start(setup, undefined, type);
    await act(run, harness);
    await run.handle.result().catch(() => undefined);
    const { events } = JSON.parse(historyToJSON(await run.handle.fetchHistory())) as { events: object[] };
    const lines = events.map((event) => JSON.stringify(event, anonymous));
    const text = `{"workflowId":${JSON.stringify(run.handle.workflowId)},"events":[\n${lines.join(',\n')}\n]}\n`;
    await writeFile(join(directory, `${name}.json`), text);
  }
}
