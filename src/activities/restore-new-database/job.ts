import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { PassThrough } from 'node:stream';
import { namesOf, withClient } from '../../postgres/connect.ts';
import type { Place } from '../../domain/definition/dump-place.ts';
import { Failure } from '../../domain/failures.ts';
import type { ExternalDump } from '../../domain/plan/source.ts';
import { newestClient, type ClientProgram } from '../../dumps/clients.ts';
import { readThrough } from '../../dumps/dump-file.ts';
import { runProgram } from '../../dumps/program.ts';
import { sayProgress } from '../../kubernetes/job-protocol.ts';
import { conninfo } from '../../dumps/fill.ts';
import { SqlDump } from '../../dumps/sql-dump.ts';
import { storeAt } from '../../dumps/places/index.ts';

export interface RestoreExternalArguments extends Pick<ExternalDump, 'file' | 'format' | 'sha256' | 'bytes'> {
  operation: string;
  place: Place;
  /** Schemas that were made for extensions beforehand. */
  extensionSchemas: string[];
  /** Major version of the server. */
  major: number;
}

/**
 * Fills an empty database from a dump that somebody gave (runbook, Emergency Database Restore: `gunzip -c … |
 * psql`), as a member of the owner. The first error ends it. psql runs none of its own commands meanwhile, for a
 * dump may hold some.
 *
 * @param url the admin's connection to the new database
 * @throws Failure RestoreFailed
 */
export async function restoreExternal(
  url: string,
  wanted: RestoreExternalArguments,
): Promise<{ seconds: number }> {
  const began = Date.now();
  const { operation, place, file, format, major, extensionSchemas } = wanted;
  const psql = await newestClient('psql', 'RestoreFailed');
  const script = new PassThrough();
  const pieces: Buffer[] = [];
  const into = new SqlDump({ keep: { major, into: (bytes) => pieces.push(bytes) } });
  into.schemasMade(extensionSchemas);
  const ended = runProgram(psql.path, [...options, `--dbname=${conninfo(namesOf(url).database)}`], {
    url,
    operation,
    input: script,
  });
  const key = randomBytes(16).toString('hex');
  const restricted = canRestrict(psql);
  const progress = setInterval(
    () => sayProgress({ doing: `Restoring ${file}`, done: into.rows, unit: 'rows' }),
    1_000,
  );
  let unread: unknown;
  try {
    if (restricted) script.write(`\\restrict ${key}\n`);
    const dump = { store: await storeAt(place), path: file, operation, format, into };
    const digest = await readThrough(
      dump,
      () => {},
      async () => {
        for (const piece of pieces.splice(0)) await write(script, piece);
      },
    );
    if (digest.sha256 !== wanted.sha256)
      throw new Error(`${file} has changed: its SHA-256 is ${digest.sha256}, and was ${wanted.sha256}`);
    script.end(restricted ? `\\unrestrict ${key}\n` : '');
  } catch (error) {
    unread = error;
    script.destroy(error instanceof Error ? error : new Error(String(error)));
  } finally {
    clearInterval(progress);
  }
  const { trouble } = await ended;
  // What psql said first is the cause; it stops reading then.
  if (unread !== undefined && !(unread instanceof StoppedReading))
    throw new Failure('RestoreFailed', unread instanceof Error ? unread.message : JSON.stringify(unread));
  if (trouble !== undefined) throw new Failure('RestoreFailed', trouble);
  await withClient(url, { operation }, async (client) => {
    // Without statistics the planner would read whole tables in the first minutes.
    sayProgress({ doing: 'Gathering statistics' });
    await client.query('ANALYZE');
  });
  return { seconds: (Date.now() - began) / 1_000 };
}

const options = ['--no-psqlrc', '--quiet', '--no-password', '--set=ON_ERROR_STOP=1', '--output=/dev/null'];

class StoppedReading extends Failure {
  constructor() {
    super('RestoreFailed', 'psql stopped reading');
  }
}

/** Waits while psql is behind; it may also end, and then nothing more is read. */
async function write(script: PassThrough, piece: Buffer): Promise<void> {
  if (script.destroyed) throw new StoppedReading();
  if (script.write(piece)) return;
  await Promise.race([once(script, 'drain'), once(script, 'close')]);
}

/** First minor version of each major in which psql knows `\restrict`; from 18 on all do. */
const restrictsFrom: Record<number, number> = { 13: 22, 14: 19, 15: 14, 16: 10, 17: 6 };

function canRestrict({ version, major }: ClientProgram): boolean {
  const minor = Number(/\) \d+\.(\d+)/.exec(version)?.[1] ?? 0);
  return major >= 18 || minor >= (restrictsFrom[major] ?? Infinity);
}
