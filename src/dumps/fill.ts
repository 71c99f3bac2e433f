import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { namesOf, withClient } from '../postgres/connect.ts';
import { Failure } from '../domain/failures.ts';
import { digestInStore, pgRestoreOver, withArchive, withScratch, type Archive } from './archive.ts';
import { clientProgram } from './clients.ts';
import { readManifest, type CheckArguments, type Manifest, type RestoreArguments } from './manifest.ts';
import { sayProgress } from '../kubernetes/job-protocol.ts';
import type { Store } from './place.ts';
import { storeAt } from './places/index.ts';
import { contents, restoreList } from './toc.ts';

/**
 * Whether a dump is still the one that was proved.
 *
 * @throws Failure BackupNotProved where it is gone or has another SHA-256
 */
export async function check({ place, sha256, ...kept }: CheckArguments): Promise<{ sha256: string }> {
  const store = await storeAt(place);
  const found = await digestInStore(store, kept, (done) =>
    sayProgress({ doing: 'Checking the dump', done, unit: 'bytes' }),
  ).catch((error: unknown) => {
    throw new Failure(
      'BackupNotProved',
      `The dump ${kept.file} cannot be read: ${error instanceof Error ? error.message : String(error)}`,
    );
  });
  if (found === undefined)
    throw new Failure('BackupNotProved', `The dump ${kept.file} is not on the ${store.name} any more.`);
  if (found.sha256 === sha256) return { sha256 };
  throw new Failure(
    'BackupNotProved',
    `The dump ${kept.file} has changed: its SHA-256 is ${found.sha256}, and was ${sha256}.`,
  );
}

/**
 * Fills an empty database from a dump that is still the one that was proved.
 *
 * @throws Failure RestoreFailed, BackupNotProved
 */
export async function filled(url: string, wanted: RestoreArguments): Promise<Manifest> {
  const store = await storeAt(wanted.place);
  await check(wanted);
  const manifest = await readManifest(store, wanted.manifest);
  if (manifest === undefined)
    throw new Failure('RestoreFailed', `The manifest ${wanted.manifest} is not on the ${store.name}.`);
  await fill(url, wanted, manifest, store);
  return manifest;
}

async function fill(url: string, wanted: RestoreArguments, manifest: Manifest, store: Store): Promise<void> {
  const { operation, jobs } = wanted;
  const pgRestore = await clientProgram('pg_restore', manifest.serverMajor, 'RestoreFailed');
  const stop = watchSize(url, operation, manifest.databaseBytes);
  try {
    await withArchive(store, wanted, (archive) =>
      withScratch(async (directory) => {
        const list = join(directory, 'list');
        const entries = await contents(pgRestore.path, archive, operation);
        await writeFile(list, restoreList(entries, manifest.extensionSchemas));
        const args = [
          '--exit-on-error',
          '--no-password',
          ...parallel(archive, jobs),
          `--use-list=${list}`,
          `--dbname=${conninfo(namesOf(url).database)}`,
        ];
        const { trouble } = await pgRestoreOver(pgRestore.path, args, archive, { url, operation });
        if (trouble !== undefined) throw new Failure('RestoreFailed', trouble);
      }),
    );
  } finally {
    stop();
  }
}

/** Several processes need an archive in which they can seek. */
const parallel = (archive: Archive, jobs: number): string[] => ('path' in archive ? [`--jobs=${jobs}`] : []);

/** Tells once a second how big the new database is, compared with the one backed up. */
function watchSize(url: string, operation: string, of: number): () => void {
  const ended = new AbortController();
  const notify = async () => {
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
  void notify().catch(() => {});
  return () => ended.abort();
}

/** A name as a connection string, since a bare one that holds `=` would be read as such. */
export const conninfo = (database: string): string => `dbname='${database.replace(/['\\]/g, '\\$&')}'`;
