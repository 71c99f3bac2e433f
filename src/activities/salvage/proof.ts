import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { Failure } from '../../domain/failures.ts';
import { CopyCounter } from '../../dumps/copy-counter.ts';
import { end } from './script.ts';

/**
 * Reads the whole script back: every block with as many rows as the snapshot held, and the last line there. A
 * salvage that is not proved is none.
 *
 * @param rows by name of the staged table
 * @throws Failure SalvageFailed with every difference
 */
export async function proveScript(script: Readable, rows: ReadonlyMap<string, number>): Promise<void> {
  const counter = new CopyCounter();
  let tail = Buffer.alloc(0);
  const faults: string[] = [];
  try {
    await pipeline(script, createGunzip(), async (chunks: AsyncIterable<Buffer>) => {
      for await (const chunk of chunks) {
        counter.push(chunk);
        tail = Buffer.concat([tail, chunk.subarray(-end.length)]).subarray(-end.length);
      }
    });
  } catch (error) {
    faults.push(`it cannot be read: ${error instanceof Error ? error.message : String(error)}`);
  }
  if (!counter.complete || tail.toString('utf8') !== end) faults.push('it ends too early');
  for (const [staged, wanted] of rows) {
    const found = counter.rows.get(`pg_temp.${staged}`);
    if (found !== wanted) faults.push(`${staged} has ${found ?? 'no'} rows, and must have ${wanted}`);
  }
  for (const block of counter.rows.keys()) {
    if (!rows.has(block.replace(/^pg_temp\./, ''))) faults.push(`${block} should not be there`);
  }
  if (faults.length === 0) return;
  throw new Failure('SalvageFailed', `The salvage file does not hold what it must: ${faults.join('; ')}.`);
}
