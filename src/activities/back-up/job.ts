import { catalogHash } from '../../postgres/catalog.ts';
import { withClient, type Client } from '../../postgres/connect.ts';
import { placeName } from '../../domain/definition/dump-place.ts';
import { Failure } from '../../domain/failures.ts';
import { digestInStore, withScratch } from '../../dumps/archive.ts';
import { clientProgram } from '../../dumps/clients.ts';
import { draftOf } from '../../dumps/draft.ts';
import { holdings, type Holdings } from '../../dumps/holdings.ts';
import { readManifest, writeManifest, type BackUpArguments, type Manifest } from '../../dumps/manifest.ts';
import { pgDump } from '../../dumps/pg-dump.ts';
import { sayProgress } from '../../kubernetes/job-protocol.ts';
import { prove, type Read } from '../../dumps/read-back.ts';
import type { Backup } from '../../domain/backup.ts';
import type { Store } from '../../dumps/place.ts';
import { storeAt } from '../../dumps/places/index.ts';

/** What the dump must hold, read in its own snapshot. */
interface Snapshot {
  id: string;
  takenAt: string;
  database: string;
  major: number;
  bytes: number;
}

interface Names {
  file: string;
  manifest: string;
}

/**
 * Dumps the database and proves the dump (runbook, Step 2): read back in full, the rows of every table equal to
 * those of the dump's own snapshot. A dump that was finished by an earlier run is checked, not made again.
 *
 * @throws Failure BackupFailed, BackupNotProved
 */
export async function backUp(url: string, wanted: BackUpArguments): Promise<Backup> {
  const { operation, directory, place } = wanted;
  const stem = `${directory}/${operation}-${wanted.try}`;
  const names: Names = { file: `${stem}.dump`, manifest: `${stem}.json` };
  const store = await storeAt(place);
  return withClient(url, { operation, lockTimeout: 0 }, async (client) => {
    // Kubernetes may rarely start a Job twice: the second one waits here, and then finds the finished dump.
    await client.query(`SELECT pg_advisory_lock(hashtextextended($1, 0))`, [`backstep back-up ${stem}`]);
    await client.query(`SET lock_timeout = '30s'`);
    return (await finished(store, names)) ?? (await dumped(client, url, store, names, wanted));
  }).catch((error: unknown) => {
    throw asBackupFailure(error);
  });
}

/** Whatever keeps the dump from being made or proved: there is no backup. */
function asBackupFailure(error: unknown): Failure {
  if (error instanceof Failure && (error.type === 'BackupFailed' || error.type === 'BackupNotProved'))
    return error;
  const said = error instanceof Error ? error.message : String(error);
  return new Failure('BackupFailed', said, {}, { cause: error });
}

async function finished(store: Store, { manifest: path }: Names): Promise<Backup | undefined> {
  const manifest = await readManifest(store, path);
  if (manifest === undefined) return undefined;
  const { backup } = manifest;
  const found = await digestInStore(store, backup, (done) =>
    sayProgress({
      doing: 'Checking the dump that an earlier run finished',
      done,
      of: backup.bytes,
      unit: 'bytes',
    }),
  );
  return found?.sha256 === backup.sha256 ? backup : undefined;
}

async function dumped(
  client: Client,
  url: string,
  store: Store,
  names: Names,
  wanted: BackUpArguments,
): Promise<Backup> {
  const { operation, format, jobs, compression } = wanted;
  const began = Date.now();
  const snapshot = await begin(client);
  const dump = await clientProgram('pg_dump', snapshot.major, 'BackupFailed');
  const restore = await clientProgram('pg_restore', snapshot.major, 'BackupFailed');
  const stop = new AbortController();
  return withScratch(async (scratch) => {
    const draft = draftOf({ ...names, format, store, scratch, atMost: snapshot.bytes });
    const how = { url, operation, format, jobs, compression, signal: stop.signal };
    const writing = draft.write(pgDump(dump, { ...how, snapshot: snapshot.id, bytes: snapshot.bytes }));
    try {
      const [, held] = await Promise.all([writing, holdings(client, wanted.proof)]);
      const read = await prove(restore.path, draft.archive, held, operation);
      const seconds = (Date.now() - began) / 1_000;
      const manifest = manifestOf(wanted, names, snapshot, held, read, { seconds, client: dump.version });
      await draft.keep(read, () => writeManifest(store, manifest));
      return manifest.backup;
    } catch (error) {
      stop.abort();
      // The first failure is the one to be told, not that nothing can be deleted from a storage that is gone.
      await writing.catch(() => {});
      await draft.discard().catch(() => {});
      throw error;
    }
  });
}

function manifestOf(
  wanted: BackUpArguments,
  { file, manifest }: Names,
  snapshot: Snapshot,
  held: Holdings,
  { digest, files }: Read,
  made: { seconds: number; client: string },
): Manifest {
  const { operation, service, place, format, keepFor } = wanted;
  return {
    version: 1,
    operation,
    service,
    database: snapshot.database,
    serverMajor: snapshot.major,
    databaseBytes: snapshot.bytes,
    largeObjects: held.largeObjects,
    extensionSchemas: held.extensions.flatMap(({ schema }) => schema?.name ?? []),
    ...(files && { files }),
    ...(held.fingerprint && { fingerprint: held.fingerprint }),
    catalog: held.catalog,
    backup: {
      file,
      manifest,
      store: placeName(place),
      format,
      ...digest,
      counts: held.counts,
      catalog: catalogHash(held.catalog),
      ...(held.fingerprint && { fingerprint: held.fingerprint.sha256 }),
      extensions: held.extensions.map(({ name }) => name),
      installed: held.extensions,
      takenAt: snapshot.takenAt,
      ...made,
      proof: 'read',
      keepUntil: new Date(Date.now() + keepFor).toISOString(),
    },
  };
}

async function begin(client: Client): Promise<Snapshot> {
  await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY');
  const { rows } = await client.query<Snapshot & { bytes: string; taken: Date }>(
    `SELECT pg_export_snapshot() AS id, now() AS taken, current_database() AS database,
            current_setting('server_version_num')::int / 10000 AS major, pg_database_size(current_database()) AS bytes`,
  );
  const row = rows[0];
  if (row === undefined) throw new Failure('BackupFailed', 'The server exported no snapshot.');
  return { ...row, takenAt: row.taken.toISOString(), bytes: Number(row.bytes) };
}
