import { mkdir, rm, stat } from 'node:fs/promises';
import { hostname } from 'node:os';
import { withClient, type Client } from '../postgres/connect.ts';
import { Failure } from '../runbook/failures.ts';
import type { Backup } from '../runbook/deeds.ts';
import { clientProgram } from './clients.ts';
import { holdings } from './holdings.ts';
import {
  onVolume,
  readManifest,
  settle,
  sha256Of,
  writeManifest,
  type BackUpArguments,
  type Manifest,
} from './manifest.ts';
import { runProgram } from './program.ts';
import { sayProgress } from './protocol.ts';
import { prove } from './read-back.ts';

/** What the dump must hold, read in its own snapshot. */
interface Snapshot {
  id: string;
  takenAt: string;
  database: string;
  major: number;
  bytes: number;
}

/**
 * Dumps the database and proves the dump (runbook, Step 2): read back in full, the rows of every table equal to
 * those of the dump's own snapshot. A dump that was finished by an earlier run is checked, not made again.
 *
 * @throws Failure BackupFailed, BackupNotProved
 */
export async function backUp(url: string, wanted: BackUpArguments): Promise<Backup> {
  const { service, operation } = wanted;
  const stem = `${service}/${operation}-${wanted.try}`;
  await mkdir(onVolume(service), { recursive: true }).catch((error: unknown) => {
    throw new Failure('BackupFailed', `The backup volume is not writable: ${String(error)}`);
  });
  return withClient(url, { operation, lockTimeout: 0 }, async (client) => {
    // Kubernetes may rarely start a Job twice: the second one waits here, and then finds the finished dump.
    await client.query(`SELECT pg_advisory_lock(hashtextextended($1, 0))`, [`backstep back-up ${stem}`]);
    await client.query(`SET lock_timeout = '30s'`);
    return (await finished(stem)) ?? (await dumped(client, url, wanted, stem));
  });
}

async function finished(stem: string): Promise<Backup | undefined> {
  const manifest = await readManifest(`${stem}.json`);
  if (manifest === undefined) return undefined;
  const size = await stat(onVolume(`${stem}.dump`)).catch(() => undefined);
  if (size === undefined) return undefined;
  const { backup } = manifest;
  sayProgress({
    doing: 'Checking the dump that an earlier run finished',
    done: 0,
    of: size.size,
    unit: 'bytes',
  });
  return (await sha256Of(onVolume(backup.file))) === backup.sha256 ? backup : undefined;
}

async function dumped(
  client: Client,
  url: string,
  { service, operation, claim }: BackUpArguments,
  stem: string,
): Promise<Backup> {
  const began = Date.now();
  const snapshot = await begin(client);
  const pgDump = await clientProgram('pg_dump', snapshot.major, 'BackupFailed');
  const pgRestore = await clientProgram('pg_restore', snapshot.major, 'BackupFailed');
  const partial = onVolume(`${stem}.${hostname()}.partial`);
  const stop = new AbortController();
  try {
    const [, held] = await Promise.all([
      dump(pgDump.path, url, snapshot, { file: partial, operation, signal: stop.signal }),
      holdings(client),
    ]);
    const proof = await prove(pgRestore.path, partial, held, operation);
    const manifest: Manifest = {
      version: 1,
      operation,
      service,
      database: snapshot.database,
      serverMajor: snapshot.major,
      databaseBytes: snapshot.bytes,
      largeObjects: held.largeObjects,
      extensionSchemas: held.extensions.flatMap(({ schema }) => schema?.name ?? []),
      catalog: held.catalog,
      backup: {
        file: `${stem}.dump`,
        manifest: `${stem}.json`,
        claim,
        ...proof,
        counts: held.counts,
        extensions: held.extensions.map(({ name }) => name),
        installed: held.extensions,
        takenAt: snapshot.takenAt,
        seconds: (Date.now() - began) / 1_000,
        client: pgDump.version,
        proof: 'read',
      },
    };
    // The manifest first: a dump under its final name then always has one.
    await writeManifest(`${stem}.json`, manifest);
    await settle(partial, onVolume(`${stem}.dump`));
    return manifest.backup;
  } finally {
    stop.abort();
    await rm(partial, { force: true });
  }
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

async function dump(
  pgDump: string,
  url: string,
  snapshot: Snapshot,
  { file, operation, signal }: { file: string; operation: string; signal: AbortSignal },
): Promise<void> {
  const progress = setInterval(() => {
    void stat(file).then(
      ({ size }) =>
        sayProgress({ doing: 'Dumping the database', done: size, of: snapshot.bytes, unit: 'bytes' }),
      () => {},
    );
  }, 1_000);
  try {
    const { trouble } = await runProgram(
      pgDump,
      [
        '-Fc',
        // 450 MB of vectors and text: 2.3 s without, 5.5 s and half the size with level 1, 35 s with level 6.
        '--compress=1',
        `--snapshot=${snapshot.id}`,
        '--lock-wait-timeout=30s',
        '--no-password',
        `--file=${file}`,
      ],
      { url, operation, signal },
    );
    if (trouble !== undefined) throw new Failure('BackupFailed', trouble);
  } finally {
    clearInterval(progress);
  }
}
