import { stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { applicationName, namesOf, withClient, type Client } from '../../postgres/connect.ts';
import { Failure } from '../../domain/failures.ts';
import { withScratch } from '../../dumps/archive.ts';
import { clientProgram, type ClientProgram } from '../../dumps/clients.ts';
import { runProgram } from '../../dumps/program.ts';
import { sayProgress } from '../../kubernetes/job-protocol.ts';
import { contents, restoreList } from '../../dumps/toc.ts';

export interface CopyLiveArguments {
  operation: string;
  /** Schemas that belong to extensions and are there already. */
  extensionSchemas: string[];
}

/** A lock that the dump cannot have at once is somebody's who works there. */
const lockWait = '2s';
const lookEvery = 200;

/**
 * Copies a database that is in use into an empty one, for a rehearsal. Nobody ever waits for it: the dump gives up
 * where it would have to wait for a lock, and is ended as soon as somebody waits for one of its own.
 *
 * @param url the application's connection to the live database
 * @param into the admin's connection to the empty one
 * @throws Failure RehearsalYielded, RehearsalFailed
 */
export async function copyLive(
  url: string,
  into: string,
  { operation, extensionSchemas }: CopyLiveArguments,
): Promise<{ bytes: number; seconds: number }> {
  const began = Date.now();
  const major = await withClient(url, { operation }, majorOf);
  const [dump, restore] = [
    await clientProgram('pg_dump', major, 'RehearsalFailed'),
    await clientProgram('pg_restore', major, 'RehearsalFailed'),
  ];
  return withScratch(async (directory) => {
    const file = join(directory, 'live.dump');
    await dumped(dump, url, { file, operation });
    const list = join(directory, 'list');
    await writeFile(
      list,
      restoreList(await contents(restore.path, { path: file }, operation), extensionSchemas),
    );
    sayProgress({ doing: 'Filling the copy' });
    const to = [
      `--use-list=${list}`,
      `--dbname=dbname='${namesOf(into).database.replace(/['\\]/g, '\\$&')}'`,
    ];
    const { trouble } = await runProgram(
      restore.path,
      ['--exit-on-error', '--no-password', '--jobs=2', ...to, file],
      { url: into, operation },
    );
    if (trouble !== undefined) throw new Failure('RehearsalFailed', trouble);
    await withClient(into, { operation }, (client) => client.query('ANALYZE'));
    return { bytes: (await stat(file)).size, seconds: (Date.now() - began) / 1_000 };
  });
}

async function majorOf(client: Client): Promise<number> {
  const { rows } = await client.query<{ major: number }>(
    `SELECT current_setting('server_version_num')::int / 10000 AS major`,
  );
  return rows[0]?.major ?? 0;
}

async function dumped(
  { path }: ClientProgram,
  url: string,
  { file, operation }: { file: string; operation: string },
): Promise<void> {
  const stop = new AbortController();
  const watch = new AbortController();
  await withClient(url, { operation }, async (watcher) => {
    sayProgress({ doing: 'Dumping the live database' });
    const watching = look(watcher, operation, watch.signal).then((seen) => {
      if (seen.yields !== undefined) stop.abort();
      return seen;
    });
    const args = ['--format=custom', `--lock-wait-timeout=${lockWait}`, '--no-password', '--no-sync'];
    const { trouble } = await runProgram(path, [...args, `--file=${file}`], {
      url,
      operation,
      signal: stop.signal,
    });
    const ended = Date.now();
    watch.abort();
    const { yields, queuedAt } = await watching;
    if (yields !== undefined) throw new Failure('RehearsalYielded', `The dump was ended: ${yields}.`);
    if (trouble === undefined) return;
    const queued = queuedAt !== undefined && ended - queuedAt < justBefore;
    throw new Failure(queued || lost.test(trouble) ? 'RehearsalYielded' : 'RehearsalFailed', trouble);
  });
}

/** What the client itself says, in English by LC_ALL, when the server has ended its session; the server may say it in any language. */
const lost =
  /server closed the connection unexpectedly|connection to server was lost|no connection to the server/;
/** A dump that gave up on a lock was seen waiting for it so many milliseconds before, at most. */
const justBefore = 1_500;

interface Seen {
  /** Why the dump has to end. */
  yields?: string;
  /** When a session of the dump was last seen waiting for somebody's lock. */
  queuedAt?: number;
}

/**
 * Looks five times a second whether anybody waits for a lock of the dump. Its sessions are ended by the server, since
 * one whose client is gone goes on until it writes. Whoever ends the session that looks wants this database for
 * something else: a rollback that fences it off does.
 */
async function look(watcher: Client, operation: string, until: AbortSignal): Promise<Seen> {
  const seen: Seen = {};
  while (!until.aborted) {
    const found = await oneLook(watcher, operation).catch((error: unknown) => error as Error);
    if (found instanceof Error) return { ...seen, yields: `its sessions were ended (${found.message})` };
    if (found.who !== null) return { ...seen, yields: `${found.who} waited for one of its locks` };
    if (found.queued) seen.queuedAt = Date.now();
    await new Promise((resolve) => setTimeout(resolve, lookEvery));
  }
  return seen;
}

async function oneLook(watcher: Client, operation: string): Promise<{ who: string | null; queued: boolean }> {
  const { rows } = await watcher.query<{ who: string | null; queued: boolean }>(
    `WITH own AS (
         SELECT pid FROM pg_catalog.pg_stat_activity
         WHERE application_name = $1 AND datname = current_database() AND pid <> pg_backend_pid()),
       waits AS (
         SELECT l.pid FROM pg_catalog.pg_locks l
         WHERE NOT l.granted AND pg_catalog.pg_blocking_pids(l.pid) && (SELECT array_agg(pid) FROM own)
           AND l.pid NOT IN (SELECT pid FROM own)),
       ended AS (SELECT pg_catalog.pg_terminate_backend(pid) FROM own WHERE EXISTS (SELECT FROM waits))
       SELECT (SELECT format('a session of role %s (pid %s)', a.usename, a.pid)
               FROM waits JOIN pg_catalog.pg_stat_activity a USING (pid) LIMIT 1) AS who,
              EXISTS (SELECT FROM pg_catalog.pg_locks JOIN own USING (pid) WHERE NOT granted) AS queued,
              (SELECT count(*) FROM ended)`,
    [applicationName(operation)],
  );
  return rows[0] ?? { who: null, queued: false };
}
