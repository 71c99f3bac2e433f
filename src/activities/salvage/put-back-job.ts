import { spawn } from 'node:child_process';
import { setTimeout as pause } from 'node:timers/promises';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { applicationName } from '../../postgres/connect.ts';
import { libpqEnvironment } from '../../postgres/url.ts';
import type { Place } from '../../domain/definition/dump-place.ts';
import { Failure } from '../../domain/failures.ts';
import { digestOf } from '../../dumps/digest.ts';
import { storeAt } from '../../dumps/places/index.ts';

/** What the program is told. */
export interface PutBackArguments {
  operation: string;
  place: Place;
  file: string;
  sha256: string;
  /** Leave out what has no place any more, and say so; otherwise it is all or nothing. */
  partly?: boolean;
}

/** A person runs it by `kubectl run --attach`, which shows nothing of what was said before it had attached. */
const untilAttached = () => pause(2_000);

/** As `putBackSalvage`, for the person who runs the report's command. */
export async function putBackAttached(
  url: string,
  args: PutBackArguments,
): ReturnType<typeof putBackSalvage> {
  await untilAttached();
  return putBackSalvage(url, args);
}

/**
 * Puts a salvage back (the report's own command): the file as it was proved, run by psql with the application's
 * URL. All or nothing; run twice, it changes nothing the second time.
 *
 * @throws Failure SalvageFailed with what psql says
 */
export async function putBackSalvage(
  url: string,
  { operation, place, file, sha256, partly = false }: PutBackArguments,
): Promise<{ putBack: string }> {
  const store = await storeAt(place);
  const there = await store.get(file);
  const found = there === undefined ? undefined : (await digestOf(there)).sha256;
  if (found !== sha256) {
    const what =
      found === undefined ? 'is not there' : `has changed: its SHA-256 is ${found}, and was ${sha256}`;
    throw new Failure('SalvageFailed', `The salvage ${file} ${what}.`);
  }
  const psql = spawn('psql', ['-X', '-v', 'ON_ERROR_STOP=1'], {
    env: {
      PATH: process.env['PATH'],
      HOME: process.env['HOME'],
      ...libpqEnvironment(url),
      ...(partly && { PGOPTIONS: '-c backstep.partly=on' }),
      PGAPPNAME: applicationName(operation),
    },
    stdio: ['pipe', 'inherit', 'pipe'],
  });
  let said = '';
  psql.stderr.on('data', (chunk: Buffer) => {
    process.stderr.write(chunk);
    said = (said + chunk.toString('utf8')).slice(-4_000);
  });
  const ended = new Promise<number | null>((resolve, reject) => {
    psql.on('error', reject);
    psql.on('close', resolve);
  });
  const content = await store.get(file);
  // psql that stops at an error closes its input; its status says why.
  if (content !== undefined) await pipeline(content, createGunzip(), psql.stdin).catch(() => {});
  if ((await ended) !== 0) throw new Failure('SalvageFailed', said.trim());
  return { putBack: file };
}
