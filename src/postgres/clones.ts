import { setTimeout as sleep } from 'node:timers/promises';
import { DatabaseError } from 'pg';
import { Failure } from '../domain/failures.ts';
import { parseSiblingName, type OperationId } from '../domain/names.ts';
import { allowConnections, close } from './fence.ts';
import { applicationName, quoted, withClient, withDatabase, type Client } from './connect.ts';
import { carryOver, propertiesOf, publicPrivileges } from './properties.ts';

export interface Cloning {
  /** The database that is fenced off, or a clone: every session on it is ended, and none is let in meanwhile. */
  from: string;
  to: string;
  operation: OperationId;
  /** Whether `from` lets sessions in afterwards: the one that is fenced off does, a clone at rest does not. */
  sourceStays: 'open' | 'closed';
  /** Milliseconds that copying may take; as long as it takes if absent. */
  within?: number;
  signal?: AbortSignal;
}

export interface Cloned {
  /** `clone` leaves it to the file system to share blocks until they change, where it can. */
  method: 'clone' | 'file_copy';
  seconds: number;
  bytes: number;
  /** What PUBLIC may do on the database cloned, and may not on the clone. */
  publicPrivileges: string[];
  /** What could not be carried over, in words with the command for a person. */
  notes: string[];
}

/**
 * Copies a database on its own server by CREATE DATABASE … TEMPLATE, with owner, settings, grants and comment. The
 * clone is closed: nobody can connect until `withOpenClone`, and PUBLIC not even then. One that an earlier attempt
 * is still making is ended; a database that is there under the name already is the caller's affair.
 *
 * @throws CloneRefused over the time given or without space; Failure DatabaseRightMissing, DatabaseInvalid,
 *   WritesNotStopped (a session that cannot be ended)
 */
export async function cloneDatabase(adminUrl: string, wanted: Cloning): Promise<Cloned> {
  const { from, to, operation, sourceStays, signal } = wanted;
  if (parseSiblingName(from) === undefined || parseSiblingName(to) === undefined)
    throw new Failure('Unexpected', `${from} is not cloned to ${to}: both names must be Backstep's own.`);
  return withClient(adminUrl, { operation, ...(signal && { signal }) }, async (admin) => {
    await endCloning(admin, operation, to);
    const { owner, clauses } = await propertiesOf(admin, from);
    const limit = clauses.filter((clause) => clause.startsWith('CONNECTION LIMIT'));
    const began = Date.now();
    const end = endWhenAborted(adminUrl, wanted);
    let method: Cloned['method'];
    try {
      await close(admin, from, signal && { signal });
      method = await copy(admin, wanted, `OWNER ${quoted(owner)} ${limit.join(' ')} ALLOW_CONNECTIONS false`);
    } finally {
      end();
      if (sourceStays === 'open') await allowConnections(admin, from, true);
    }
    const seconds = (Date.now() - began) / 1_000;
    const notes = await carryOver(admin, from, to);
    await admin.query(`REVOKE ALL ON DATABASE ${quoted(to)} FROM PUBLIC`);
    const { rows } = await admin.query<{ bytes: string }>(`SELECT pg_database_size($1) AS bytes`, [to]);
    const privileges = await publicPrivileges(admin, from);
    return { method, seconds, bytes: Number(rows[0]?.bytes), publicPrivileges: privileges, notes };
  });
}

/** A clone that does not come about for a reason that trying again would not mend. */
export class CloneRefused extends Failure {
  constructor(message: string, options?: ErrorOptions) {
    super('SnapshotFailed', message, {}, options);
  }
}

/** Before PostgreSQL 15 there is no STRATEGY, and every CREATE DATABASE copies files. */
async function copy(
  admin: Client,
  { from, to, within }: Cloning,
  options: string,
): Promise<Cloned['method']> {
  const { rows } = await admin.query<{ major: number; clones: boolean }>(
    `SELECT current_setting('server_version_num')::int / 10000 AS major,
            EXISTS (SELECT FROM pg_catalog.pg_settings WHERE name = 'file_copy_method' AND 'clone' = ANY (enumvals)) AS clones`,
  );
  const { major = 0, clones = false } = rows[0] ?? {};
  const strategy = major >= 15 ? 'STRATEGY file_copy' : '';
  const statement = `${creating(to)} TEMPLATE ${quoted(from)} ${strategy} ${options}`;
  await admin.query(`SET statement_timeout = ${within ?? 0}`);
  try {
    if (clones) {
      try {
        await admin.query(`SET file_copy_method = clone`);
        await admin.query(statement);
        return 'clone';
      } catch (error) {
        // Storage that spans file systems, or one that cannot: then as ever. Each says so in its own language, and
        // what else kept it from cloning keeps it from copying too.
        if (!(error instanceof DatabaseError) || refusals.has(error.code ?? '')) throw error;
        await admin.query('SET file_copy_method = copy');
      }
    }
    await admin.query(statement);
    return 'file_copy';
  } catch (error) {
    if (!(error instanceof DatabaseError)) throw error;
    if (error.code === '57014')
      throw new CloneRefused(`copying took longer than ${(within ?? 0) / 1_000} s`, { cause: error });
    if (error.code === '53100')
      throw new CloneRefused(`the server has no space left: ${error.message}`, { cause: error });
    throw error;
  } finally {
    await admin.query('SET statement_timeout = 0').catch(() => {});
  }
}

/** Out of time, out of space: copying takes more of both. */
const refusals = new Set(['57014', '53100']);

const creating = (to: string) => `CREATE DATABASE ${quoted(to)}`;

/**
 * Ends clones that this operation is making: the server goes on with one although its client is gone, and lets
 * nobody rename the source until it is done.
 *
 * @param to only the one of that name; otherwise all
 */
export async function endCloning(admin: Client, operation: OperationId, to?: string): Promise<void> {
  const pattern = to === undefined ? 'CREATE DATABASE ' : `${creating(to)} `;
  for (;;) {
    const { rowCount } = await admin.query(
      `SELECT pg_terminate_backend(pid) FROM pg_catalog.pg_stat_activity
       WHERE application_name = $1 AND state = 'active' AND starts_with(query, $2) AND pid <> pg_backend_pid()`,
      [applicationName(operation), pattern],
    );
    if (!rowCount) return;
    await sleep(50);
  }
}

/** A session that is closed from this side is not noticed by the server before the copy is done. */
function endWhenAborted(adminUrl: string, { operation, to, signal }: Cloning): () => void {
  const abort = () => {
    void withClient(adminUrl, { operation }, (admin) => endCloning(admin, operation, to)).catch(() => {});
  };
  signal?.addEventListener('abort', abort, { once: true });
  return () => signal?.removeEventListener('abort', abort);
}

/**
 * Opens a clone while `use` runs, and closes it again; who may connect then is decided by its grants. With
 * `staysOpen` it is left to whoever works on it meanwhile: closing ends every session.
 */
export async function withOpenClone<T>(
  adminUrl: string,
  {
    database,
    operation,
    signal,
    staysOpen,
  }: { database: string; operation: OperationId; signal?: AbortSignal; staysOpen?: boolean },
  use: (client: Client) => Promise<T>,
): Promise<T> {
  return withClient(adminUrl, { operation }, async (admin) => {
    await openClone(admin, database);
    try {
      const options = { operation, ...(signal && { signal }) };
      return await withClient(withDatabase(adminUrl, database), options, use);
    } finally {
      if (staysOpen !== true) await closeClone(admin, database);
    }
  });
}

export const openClone = (admin: Client, database: string): Promise<void> =>
  allowConnections(admin, database, true);

/** Closes a clone and ends every session on it. */
export async function closeClone(admin: Client, database: string): Promise<void> {
  await close(admin, database);
}

/** Gives PUBLIC back what it may do on the database that a clone takes the place of. */
export async function openToPublic(
  admin: Client,
  database: string,
  privileges: readonly string[],
): Promise<void> {
  for (const privilege of privileges)
    await admin.query(`GRANT ${privilege} ON DATABASE ${quoted(database)} TO PUBLIC`);
}
