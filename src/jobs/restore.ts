import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { catalog, counts as countsOf, differences } from '../postgres/catalog.ts';
import { namesOf, withClient } from '../postgres/connect.ts';
import { Failure } from '../runbook/failures.ts';
import { clientProgram } from './clients.ts';
import {
  onVolume,
  readManifest,
  sha256Of,
  type CheckArguments,
  type Manifest,
  type RestoreArguments,
  type RestoreResult,
} from './manifest.ts';
import { runProgram } from './program.ts';
import { sayProgress } from './protocol.ts';
import { contents, restoreList } from './toc.ts';

/**
 * Whether a dump is still the one that was proved.
 *
 * @throws Failure BackupNotProved where it is gone or has another SHA-256
 */
export async function check({ file, sha256 }: CheckArguments): Promise<{ sha256: string }> {
  const there = await stat(onVolume(file)).catch(() => undefined);
  if (there === undefined)
    throw new Failure('BackupNotProved', `The dump ${file} is not on the volume any more.`);
  const found = await sha256Of(onVolume(file), (done) =>
    sayProgress({ doing: 'Checking the dump', done, of: there.size, unit: 'bytes' }),
  );
  if (found === sha256) return { sha256 };
  throw new Failure(
    'BackupNotProved',
    `The dump ${file} has changed: its SHA-256 is ${found}, and was ${sha256}.`,
  );
}

/**
 * Fills an empty database from a dump (runbook, Emergency Database Restore), as a member of the owner, so that
 * every object belongs to whom it belonged; then compares rows and schema with those of the backup.
 *
 * @param url the admin's connection to the new database
 * @throws Failure RestoreFailed, BackupNotProved
 */
export async function restore(url: string, wanted: RestoreArguments): Promise<RestoreResult> {
  const began = Date.now();
  await check(wanted);
  const manifest = await readManifest(wanted.manifest);
  if (manifest === undefined)
    throw new Failure('RestoreFailed', `The manifest ${wanted.manifest} is not on the volume.`);
  await fill(url, wanted, manifest);
  return withClient(url, { operation: wanted.operation }, async (client) => {
    // Without statistics the planner would read whole tables in the first minutes.
    sayProgress({ doing: 'Gathering statistics' });
    await client.query('ANALYZE');
    const counts = await countsOf(client);
    return {
      counts,
      // The result is one line of the Job's log.
      differences: differences(manifest.catalog, await catalog(client)).slice(0, 50),
      seconds: (Date.now() - began) / 1_000,
    };
  });
}

async function fill(url: string, { file, operation }: RestoreArguments, manifest: Manifest): Promise<void> {
  const pgRestore = await clientProgram('pg_restore', manifest.serverMajor, 'RestoreFailed');
  const directory = await mkdtemp(join(tmpdir(), 'restore-'));
  const stop = watchSize(url, operation, manifest.databaseBytes);
  try {
    const list = join(directory, 'list');
    await writeFile(
      list,
      restoreList(await contents(pgRestore.path, onVolume(file)), manifest.extensionSchemas),
    );
    const { database } = namesOf(url);
    const { trouble } = await runProgram(
      pgRestore.path,
      [
        '--exit-on-error',
        '--no-password',
        '--jobs=2',
        `--use-list=${list}`,
        `--dbname=${conninfo(database)}`,
        onVolume(file),
      ],
      { url, operation },
    );
    if (trouble !== undefined) throw new Failure('RestoreFailed', trouble);
  } finally {
    stop();
    await rm(directory, { recursive: true, force: true });
  }
}

/** Tells once a second how big the new database is, compared with the one backed up. */
function watchSize(url: string, operation: string, of: number): () => void {
  const ended = new AbortController();
  const tell = async () => {
    await withClient(url, { operation, signal: ended.signal }, async (client) => {
      for (;;) {
        const { rows } = await client.query<{ size: string }>(
          'SELECT pg_database_size(current_database()) AS size',
        );
        sayProgress({ doing: 'Restoring the dump', done: Number(rows[0]?.size), of, unit: 'bytes' });
        await new Promise((resolve) => setTimeout(resolve, 1_000));
        ended.signal.throwIfAborted();
      }
    });
  };
  // Progress only: pg_restore itself says what is wrong.
  void tell().catch(() => {});
  return () => ended.abort();
}

/** A name as a connection string, since a bare one that holds `=` would be read as such. */
const conninfo = (database: string): string => `dbname='${database.replace(/['\\]/g, '\\$&')}'`;
