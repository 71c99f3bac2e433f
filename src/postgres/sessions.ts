import { setTimeout as sleep } from 'node:timers/promises';
import { Failure } from '../domain/failures.ts';
import { applicationName, type Client } from './connect.ts';

/** A session on a database, as far as its name tells: without pg_read_all_stats the rest is NULL. */
export interface Session {
  pid: number;
  role: string;
  application: string;
  superuser: boolean;
  /** What the server calls it, where that may be seen: `client backend`, `walsender`, … */
  kind?: string;
}

interface Row {
  pid: number;
  role: string;
  application: string;
  superuser: boolean;
  kind: string | null;
}

/**
 * Sessions on a database that are not this operation's own, whatever their kind: clients, walsenders, apply
 * workers of subscriptions, other background workers. `backend_type` of others is NULL without
 * pg_read_all_stats, so sessions are found by database and pid. Only autovacuum is not counted: it has no role
 * (nothing else with a database has none) and no writes of its own. What calls itself otherwise and has no
 * role is counted, and cannot be ended.
 *
 * @param ownOperation operation id whose sessions are Backstep's own; absent: only the asking session is
 */
export async function foreignSessions(
  admin: Client,
  database: string,
  ownOperation?: string,
): Promise<Session[]> {
  const { rows } = await admin.query<Row>(
    `SELECT a.pid, coalesce(r.rolname, 'unknown') AS role, coalesce(a.application_name, '') AS application,
            coalesce(r.rolsuper, true) AS superuser, a.backend_type AS kind
     FROM pg_catalog.pg_stat_activity a
     JOIN pg_catalog.pg_database d ON d.oid = a.datid
     LEFT JOIN pg_catalog.pg_roles r ON r.oid = a.usesysid
     WHERE d.datname = $1 AND a.pid <> pg_backend_pid()
       AND (a.usesysid IS NOT NULL OR coalesce(a.backend_type, 'autovacuum worker') <> 'autovacuum worker')
       AND ($2::text IS NULL OR coalesce(a.application_name, '') <> $2)
     ORDER BY a.pid`,
    [database, ownOperation === undefined ? null : applicationName(ownOperation)],
  );
  return rows.map(({ kind, ...session }) => (kind === null ? session : { ...session, kind }));
}

/** Ends those sessions; answers with the ones told to end, and those that Backstep may not end. */
export async function endSessions(
  admin: Client,
  database: string,
  ownOperation?: string,
): Promise<{ ended: Session[]; refused: Session[] }> {
  const ended: Session[] = [];
  const refused: Session[] = [];
  for (const session of await foreignSessions(admin, database, ownOperation)) {
    try {
      await admin.query('SELECT pg_catalog.pg_terminate_backend($1)', [session.pid]);
      ended.push(session);
    } catch {
      refused.push(session);
    }
  }
  return { ended, refused };
}

/** `pid 4711, role radar_app, "gunicorn"`: how a session is named to people. */
export const describeSession = ({ pid, role, application, superuser, kind }: Session): string =>
  [
    `pid ${pid}`,
    `role ${role}${superuser ? ' (superuser: only a superuser can end it)' : ''}`,
    application === '' ? undefined : `"${application}"`,
    kind === undefined || kind === 'client backend' ? undefined : kind,
  ]
    .filter((word) => word !== undefined)
    .join(', ');

/** Prepared transactions hold their locks without a session, and can be committed by whoever knows the name. */
export async function preparedTransactions(admin: Client, database: string): Promise<string[]> {
  const { rows } = await admin.query<{ name: string }>(
    `SELECT format('prepared transaction %L of role %s since %s', gid, owner, prepared) AS name
     FROM pg_catalog.pg_prepared_xacts WHERE database = $1 ORDER BY prepared`,
    [database],
  );
  return rows.map(({ name }) => name);
}

export interface QuietOptions {
  operation: string;
  /** Milliseconds without a foreign session. */
  quietFor: number;
  /** Milliseconds in which sessions may end by themselves; afterwards they are ended. */
  grace: number;
  signal?: AbortSignal;
  onProgress?: (quiet: { forMilliseconds: number; sessions: Session[] }) => void;
}

const pollEvery = 250;
/** After the grace period sessions are ended at each look; who is still seen after this time cannot be ended. */
const patience = 30_000;

/**
 * Waits until no foreign session has been seen for the quiet time, looking four times a second.
 *
 * @throws Failure WritesNotStopped with every session and prepared transaction that stays.
 */
export async function quiet(
  admin: Client,
  database: string,
  options: QuietOptions,
): Promise<{ sessionsEnded: number }> {
  const { operation, quietFor, grace, signal, onProgress } = options;
  const began = Date.now();
  let quietSince = began;
  const ended = new Set<number>();
  for (;;) {
    signal?.throwIfAborted();
    const [sessions, prepared] = [
      await foreignSessions(admin, database, operation),
      await preparedTransactions(admin, database),
    ];
    const now = Date.now();
    if (sessions.length > 0 || prepared.length > 0) quietSince = now;
    onProgress?.({ forMilliseconds: now - quietSince, sessions });
    if (now - quietSince >= quietFor) return { sessionsEnded: ended.size };
    if (now - began > grace && sessions.length > 0) {
      for (const { pid } of (await endSessions(admin, database, operation)).ended) ended.add(pid);
    }
    if (now - began > grace + patience + quietFor) {
      const who = [...sessions.map(describeSession), ...prepared];
      throw new Failure(
        'WritesNotStopped',
        `Database ${database} was never quiet for ${quietFor / 1_000} s. ${who.length > 0 ? `Still there: ${who.join('; ')}.` : 'Sessions keep coming back.'}`,
      );
    }
    await sleep(pollEvery, undefined, signal === undefined ? {} : { signal });
  }
}
