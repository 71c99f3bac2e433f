import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { withClient, withDatabase, type Client } from '../../postgres/connect.ts';
import { Failure } from '../../domain/failures.ts';
import type { Place } from '../../domain/definition/dump-place.ts';
import type { Loss } from '../../domain/rehearsal.ts';
import { digestOf } from '../../dumps/digest.ts';
import { sayProgress } from '../../kubernetes/job-protocol.ts';
import { holdingsOf, type Held } from './held.ts';
import { proveScript } from './proof.ts';
import { rowsOf } from './rows.ts';
import * as script from './script.ts';
import type { Store } from '../../dumps/place.ts';
import { storeAt } from '../../dumps/places/index.ts';

/** What the program in the Job is told. */
export interface SalvageArguments extends script.Heading {
  try: number;
  place: Place;
  /** Where the service's files lie in it. */
  directory: string;
  losses: Loss[];
  /** Tables of the migration tool: an old revision put back there would be a lie. */
  toolTables: readonly string[];
  /** Database with the rehearsed copy; absent: all rows of a table are kept where some are lost. */
  copy?: string;
}

/** What it answers; the activity adds how the file is put back. */
export interface SalvageResult {
  saved?: { file: string; bytes: number; sha256: string; statements: string; script: string };
  salvaged: { object: string; rows: number }[];
  lost: Loss[];
  notes: string[];
}

/** Longest text in the result, which is one line of the Job's log. */
const atMost = 100_000;

/**
 * Keeps what the downgrade would destroy (runbook, When to Rollback): from one snapshot into one compressed SQL
 * script, never into the database itself; then reads the script back. A script that an earlier run finished is
 * checked, not made again.
 *
 * @throws Failure SalvageFailed
 */
export async function salvage(url: string, wanted: SalvageArguments): Promise<SalvageResult> {
  const { operation, directory } = wanted;
  const stem = `${directory}/${operation}-salvage-${wanted.try}`;
  const store = await storeAt(wanted.place);
  return withClient(url, { operation, lockTimeout: 0 }, async (client) => {
    // Kubernetes may rarely start a Job twice: the second one waits here, and then finds the finished file.
    await client.query(`SELECT pg_advisory_lock(hashtextextended($1, 0))`, [`backstep salvage ${stem}`]);
    await client.query(`SET lock_timeout = '30s'`);
    return (await finished(store, stem)) ?? (await made(client, url, wanted, store, stem));
  }).catch((error: unknown) => {
    throw asSalvageFailure(error);
  });
}

/** Whatever keeps the file from being made or proved: there is no salvage. */
function asSalvageFailure(error: unknown): Failure {
  if (error instanceof Failure && error.type === 'SalvageFailed') return error;
  const said = error instanceof Error ? error.message : String(error);
  return new Failure('SalvageFailed', said, {}, { cause: error });
}

async function finished(store: Store, stem: string): Promise<SalvageResult | undefined> {
  const manifest = await store.get(`${stem}.json`);
  if (manifest === undefined) return undefined;
  const result = JSON.parse(Buffer.concat(await manifest.toArray()).toString('utf8')) as SalvageResult;
  if (result.saved === undefined) return result;
  sayProgress({ doing: 'Checking the file that an earlier run finished' });
  const file = await store.get(result.saved.file);
  return file !== undefined && (await digestOf(file)).sha256 === result.saved.sha256 ? result : undefined;
}

async function made(
  client: Client,
  url: string,
  wanted: SalvageArguments,
  store: Store,
  stem: string,
): Promise<SalvageResult> {
  await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY');
  const { rows } = await client.query<{ snapshot: string }>('SELECT pg_export_snapshot() AS snapshot');
  const live = { url, operation: wanted.operation, snapshot: rows[0]?.snapshot ?? '' };
  const copy =
    wanted.copy === undefined
      ? undefined
      : { url: withDatabase(url, wanted.copy), operation: wanted.operation };
  const held = await holdingsOf(client, copy, wanted);
  const counted = new Map<string, number>();
  const { lost, notes } = held;
  if (held.blocks.length === 0) return saved(store, stem, { salvaged: [], lost, notes });

  const file = `${stem}.sql.gz`;
  const zipped = createGzip({ level: 1 });
  const content = Readable.from(pieces(wanted, held, (block) => rowsOf(block, live, copy), counted));
  // What the pieces throw reaches the store through `zipped`.
  void pipeline(content, zipped).catch(() => {});
  const done = await store.put(file, zipped);
  try {
    assertAll(held, counted);
    sayProgress({ doing: 'Reading the salvage back' });
    await proveScript(await there(store, file), counted);
  } catch (error) {
    await store.remove(file);
    throw error;
  }
  const salvaged = held.blocks.flatMap(({ staged, losses }) =>
    losses.map(({ object }) => ({ object, rows: counted.get(staged) ?? 0 })),
  );
  const statements = script.statements(held.blocks).slice(0, atMost);
  const whole = script.withoutData(wanted, held.blocks).slice(0, atMost);
  return saved(store, stem, { saved: { file, ...done, statements, script: whole }, salvaged, lost, notes });
}

/** The manifest last: with it, the file is whole and proved. */
async function saved(store: Store, stem: string, result: SalvageResult): Promise<SalvageResult> {
  await store.put(`${stem}.json`, Readable.from([`${JSON.stringify(result, undefined, 2)}\n`]));
  return result;
}

async function there(store: Store, file: string): Promise<Readable> {
  const found = await store.get(file);
  if (found === undefined) throw new Failure('SalvageFailed', `The file ${file} is not there any more.`);
  return found;
}

async function* pieces(
  heading: script.Heading,
  { blocks }: Held,
  rowsFor: (block: script.Block) => AsyncIterable<Buffer>,
  counted: Map<string, number>,
): AsyncGenerator<Buffer | string> {
  yield script.beginning(heading, blocks);
  for (const block of blocks) {
    yield script.stage(block);
    let rows = 0;
    let said = 0;
    for await (const chunk of rowsFor(block)) {
      for (let at = chunk.indexOf(0x0a); at >= 0; at = chunk.indexOf(0x0a, at + 1)) rows += 1;
      if (Date.now() - said > 1_000) {
        said = Date.now();
        sayProgress({
          doing: `Keeping ${block.relation.key}`,
          done: rows,
          ...(block.rows !== undefined && { of: block.rows }),
          unit: 'rows',
        });
      }
      yield chunk;
    }
    counted.set(block.staged, rows);
    yield script.endOfData;
  }
  yield script.putBack(blocks);
}

/** What went by against the snapshot's own count, and against what the rehearsal found lost. */
function assertAll({ blocks }: Held, counted: ReadonlyMap<string, number>): void {
  const faults = blocks.flatMap(({ staged, relation, rows, losses }) => {
    const found = counted.get(staged) ?? 0;
    if (rows !== undefined && rows !== found)
      return [`${relation.key}: ${found} rows in the file, ${rows} in the database`];
    return losses
      .filter((loss) => loss.rows > found)
      .map((loss) => `${loss.object}: ${found} rows to keep, but the rehearsal lost ${loss.rows}`);
  });
  if (faults.length > 0) throw new Failure('SalvageFailed', `Not all was kept: ${faults.join('; ')}.`);
}
