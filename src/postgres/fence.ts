import { setTimeout as sleep } from 'node:timers/promises';
import { DatabaseError } from 'pg';
import { Failure } from '../domain/failures.ts';
import { quoted, type Client } from './connect.ts';
import { endSessions, describeSession, preparedTransactions, type Session } from './sessions.ts';

/** The database's own name, and the one under which it is fenced off. */
export interface Names {
  name: string;
  fencedName: string;
}

/**
 * `down`: the application reaches the database by its name. `up`: it is fenced off. `half`: a raising or lowering
 * stopped on its way. `occupied`: it is fenced off, and somebody made another database under its name.
 */
export type FenceState = 'down' | 'up' | 'half' | 'missing' | 'occupied';

interface Place {
  /** Under which name the database is found. */
  at: 'name' | 'fenced' | 'neither' | 'both';
  /** ALLOW_CONNECTIONS of the one that is fenced off, or else of the one at its own name. */
  open: boolean;
  /** While it is fenced off, a copy that nobody can write to may stand under its name. */
  copied: boolean;
}

/** By this comment a copy to read from is known as Backstep's own. */
export const readCopyComment = (operation: string) => `Backstep: read-only copy, made by ${operation}`;

/** Whether the database of that name is a copy to read from. */
export async function isReadCopy(admin: Client, name: string): Promise<boolean> {
  const { rows } = await admin.query<{ comment: string | null }>(
    `SELECT shobj_description(oid, 'pg_database') AS comment FROM pg_catalog.pg_database WHERE datname = $1`,
    [name],
  );
  return rows[0]?.comment?.startsWith(readCopyComment('')) === true;
}

async function place(admin: Client, { name, fencedName }: Names): Promise<Place> {
  const { rows } = await admin.query<{ datname: string; datallowconn: boolean }>(
    'SELECT datname, datallowconn FROM pg_catalog.pg_database WHERE datname IN ($1, $2)',
    [name, fencedName],
  );
  const away = rows.find((row) => row.datname === fencedName);
  const copied = away !== undefined && rows.length > 1 && (await isReadCopy(admin, name));
  const own = copied ? undefined : rows.find((row) => row.datname === name);
  if (away !== undefined)
    return { at: own === undefined ? 'fenced' : 'both', open: away.datallowconn, copied };
  return own === undefined
    ? { at: 'neither', open: false, copied }
    : { at: 'name', open: own.datallowconn, copied };
}

/** Looks where the database is; changes nothing. */
export async function state(admin: Client, names: Names): Promise<FenceState> {
  const { at, open } = await place(admin, names);
  if (at === 'neither') return 'missing';
  if (at === 'both') return 'occupied';
  if (!open) return 'half';
  return at === 'name' ? 'down' : 'up';
}

const patience = 30_000;

export interface FenceOptions {
  /** Milliseconds in which every session must have ended; 30 s if absent. */
  within?: number;
  signal?: AbortSignal;
  /**
   * Rolls prepared transactions back, where the definition says so. It needs a session on the database, which
   * is opened for it; without it they are waited for.
   */
  rollBackPrepared?: (database: string) => Promise<void>;
}

/**
 * Takes the fenced database (runbook, Step 1): nobody who knows only its name can write, whatever the role, pooler or
 * forgotten cron. Idempotent; goes on from each point at which an earlier attempt may have stopped.
 *
 * @param admin a session on another database of the server, as member of the owner with CREATEDB and
 *   pg_signal_backend
 * @returns the sessions that were ended
 * @throws Failure DatabaseInvalid where there is no such database, WritesNotStopped naming who cannot be
 *   ended, DatabaseRightMissing.
 */
export async function raise(admin: Client, names: Names, options: FenceOptions = {}): Promise<Session[]> {
  const { at, open } = await place(admin, names);
  if (at === 'neither') throw missing(names);
  if (at !== 'name') {
    if (!open) await allowConnections(admin, names.fencedName, true);
    return [];
  }
  const ended = await moveAway(admin, names.name, names.fencedName, options);
  await allowConnections(admin, names.fencedName, true);
  return ended;
}

/**
 * Gives the database its name back, ending every session that is on it, or on a copy to read from under that name.
 * Idempotent, as `raise` is.
 *
 * @throws Failure DatabaseInvalid where the database is missing or its name was taken by another.
 */
export async function lower(admin: Client, names: Names, options: FenceOptions = {}): Promise<Session[]> {
  const { at, open, copied } = await place(admin, names);
  if (at === 'neither') throw missing(names);
  if (at === 'both') {
    throw new Failure(
      'DatabaseInvalid',
      `Database ${names.fencedName} cannot get its name back: meanwhile somebody created another database ${names.name}. ` +
        `Rename that one: ALTER DATABASE ${quoted(names.name)} RENAME TO …`,
    );
  }
  if (copied) {
    // It holds nothing but what is fenced off: nobody could write to it.
    await close(admin, names.name, options);
    await admin.query(`DROP DATABASE ${quoted(names.name)}`);
  }
  const ended = at === 'fenced' ? await moveAway(admin, names.fencedName, names.name, options) : [];
  if (at === 'fenced' || !open) await allowConnections(admin, names.name, true);
  return ended;
}

/**
 * Closes a database, ends its sessions and renames it; it stays closed under the new name. A client that
 * reconnects in a loop may have been let in just before the database was closed, and be seen only afterwards:
 * so both are done again until the rename succeeds.
 */
async function moveAway(admin: Client, from: string, to: string, options: FenceOptions): Promise<Session[]> {
  const deadline = Date.now() + (options.within ?? patience);
  const ended: Session[] = [];
  for (;;) {
    ended.push(...(await close(admin, from, options)));
    try {
      await rename(admin, from, to);
      return ended;
    } catch (error) {
      if (!isBusy(error)) throw error;
      if (Date.now() > deadline) {
        throw new Failure(
          'WritesNotStopped',
          `Database ${from} is closed, but stays in use by sessions that cannot be seen.`,
        );
      }
    }
  }
}

/** By itself a rename waits 5 s for sessions to go; here the loop above ends them sooner. */
async function rename(admin: Client, from: string, to: string): Promise<void> {
  await admin.query('BEGIN');
  try {
    await admin.query('SET LOCAL statement_timeout = 700');
    await admin.query(`ALTER DATABASE ${quoted(from)} RENAME TO ${quoted(to)}`);
    await admin.query('COMMIT');
  } catch (error) {
    await admin.query('ROLLBACK');
    throw error;
  }
}

/** query_canceled by the time-out above, or object_in_use. */
const isBusy = (error: unknown): boolean =>
  error instanceof DatabaseError && (error.code === '57014' || error.code === '55006');

/**
 * Closes a database and ends every session on it, Backstep's own included, and waits until they are gone.
 *
 * @throws Failure WritesNotStopped naming superusers' sessions and prepared transactions.
 */
export async function close(admin: Client, database: string, options: FenceOptions = {}): Promise<Session[]> {
  const { within = patience, signal } = options;
  const deadline = Date.now() + within;
  const ended = new Map<number, Session>();
  await allowConnections(admin, database, false);
  for (;;) {
    signal?.throwIfAborted();
    const sessions = await endSessions(admin, database);
    const prepared = await preparedTransactions(admin, database);
    for (const session of sessions.ended) ended.set(session.pid, session);
    const left = sessions.ended.length + sessions.refused.length;
    if (left + prepared.length === 0) return [...ended.values()];
    if (left === 0 && options.rollBackPrepared !== undefined) {
      await allowConnections(admin, database, true);
      try {
        await options.rollBackPrepared(database);
      } finally {
        await allowConnections(admin, database, false);
      }
    }
    if (Date.now() > deadline) {
      const who = [...sessions.ended, ...sessions.refused].map(describeSession);
      throw new Failure(
        'WritesNotStopped',
        `Database ${database} is closed, but these did not end within ${within / 1_000} s: ${[...who, ...prepared].join('; ')}.`,
      );
    }
    await sleep(25, undefined, signal === undefined ? {} : { signal });
  }
}

/** ALLOW_CONNECTIONS binds everybody, superusers and the owner included; sessions that are open stay. */
export async function allowConnections(admin: Client, database: string, allow: boolean): Promise<void> {
  await admin.query(`ALTER DATABASE ${quoted(database)} ALLOW_CONNECTIONS ${allow}`);
}

/** The fence of one database, each act of it in a session of its own. */
export interface Fence {
  state: () => Promise<FenceState>;
  raise: (options?: FenceOptions) => Promise<Session[]>;
  lower: (options?: FenceOptions) => Promise<Session[]>;
}

/**
 * @param admin opens a session on another database of the server
 * @param signal ends waiting for sessions to go
 */
export const fenceOf = (
  admin: <T>(use: (admin: Client) => Promise<T>) => Promise<T>,
  names: Names,
  signal: AbortSignal,
): Fence => ({
  state: () => admin((client) => state(client, names)),
  raise: (options) => admin((client) => raise(client, names, { signal, ...options })),
  lower: (options) => admin((client) => lower(client, names, { signal, ...options })),
});

const missing = ({ name, fencedName }: Names): Failure =>
  new Failure('DatabaseInvalid', `There is neither a database ${name} nor ${fencedName} on the server.`);
