import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { historyToJSON } from '@temporalio/common/lib/proto-utils.js';
import type { Theatre } from '../workflow/theatre.ts';
import { scenes } from './scenes.ts';

/** Names of the machine that recorded, and paths in its stack traces, tell nothing about the order of commands. */
const anonymous = (key: string, value: unknown): unknown => {
  if (key === 'identity') return 'worker';
  if (key === 'stackTrace') return '';
  if (key === 'name' && typeof value === 'string' && /^\d+@/.test(value)) return 'sticky';
  return value;
};

/** Plays every scene and keeps its history; the name of the file ends in the workflow ID, which replay needs. */
export async function record(stage: Theatre, directory: string): Promise<void> {
  await mkdir(directory, { recursive: true });
  await Promise.all(
    Object.entries(scenes).map(async ([name, { casting, type, act }]) => {
      const play = await stage.play(casting, undefined, type);
      await act(play, stage);
      await play.handle.result().catch(() => undefined);
      const history = JSON.parse(historyToJSON(await play.handle.fetchHistory())) as object;
      const kept = { workflowId: play.handle.workflowId, ...history };
      await writeFile(join(directory, `${name}.json`), `${JSON.stringify(kept, anonymous, 1)}\n`);
    }),
  );
}
