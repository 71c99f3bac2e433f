import type { Client } from '../connect.ts';
import { inSnapshot } from '../tables.ts';

/** A session that holds, or waits for, a lock by which a migration or an index build keeps others waiting. */
export interface Blocker {
  pid: number;
  role: string;
  application: string;
  /** `active`, `idle in transaction`; empty where it may not be seen. */
  state: string;
  /** Seconds since its transaction began. */
  seconds: number;
  /** First words of its statement, as far as they name no data: `ALTER TABLE papers`. */
  statement: string;
  /** `papers (AccessExclusiveLock)`. */
  locks: string[];
  /** Sessions that wait for it. */
  waiting: number;
}

/** Of the modes in pg_locks those that a statement on rows never takes. */
const ofSchema = `('ShareUpdateExclusiveLock', 'ShareLock', 'ShareRowExclusiveLock', 'ExclusiveLock', 'AccessExclusiveLock')`;

/** Who keeps others waiting by such a lock, the worst first; rows that wait for rows are the application's affair. */
export async function blockers(client: Client): Promise<Blocker[]> {
  return inSnapshot(client, async () => {
    const { rows } = await client.query<Omit<Blocker, 'statement'> & { query: string }>(
      `WITH edge AS (
         SELECT w.pid AS waiter, unnest(pg_blocking_pids(w.pid)) AS blocker
         FROM (SELECT DISTINCT pid FROM pg_catalog.pg_locks WHERE NOT granted) w),
       locks AS (
         SELECT l.pid, array_agg(DISTINCT format('%s (%s)', l.relation::regclass, l.mode)) AS names
         FROM pg_catalog.pg_locks l JOIN pg_catalog.pg_class c ON c.oid = l.relation
         WHERE l.locktype = 'relation' AND l.mode IN ${ofSchema} AND c.relkind IN ('r', 'p', 'm')
           AND l.database = (SELECT oid FROM pg_catalog.pg_database WHERE datname = current_database())
         GROUP BY l.pid)
       SELECT b.pid, coalesce(b.usename, '') AS role, coalesce(b.application_name, '') AS application,
              coalesce(b.state, '') AS state, coalesce(b.query, '') AS query, locks.names AS locks,
              coalesce(extract(epoch FROM clock_timestamp() - b.xact_start), 0)::float8 AS seconds,
              count(DISTINCT edge.waiter)::int AS waiting
       FROM edge JOIN pg_catalog.pg_stat_activity b ON b.pid = edge.blocker JOIN locks ON locks.pid = b.pid
       WHERE b.datname = current_database() AND coalesce(b.application_name, '') NOT LIKE 'backstep%'
       GROUP BY 1, 2, 3, 4, 5, 6, 7 ORDER BY waiting DESC, seconds DESC LIMIT 5`,
    );
    return rows.map(({ query, ...row }) => ({ ...row, statement: beginningOf(query) }));
  });
}

/** The statement up to its first relation: no value of it may leave the database. */
const beginningOf = (query: string): string =>
  /^\s*((?:CREATE|ALTER|DROP|REINDEX|TRUNCATE|LOCK|CLUSTER|VACUUM|REFRESH|UPDATE|DELETE|INSERT|SELECT)\b(?:\s+(?:[\w".]+)){0,6})/i
    .exec(query)?.[1]
    ?.replace(/\s+/g, ' ')
    .slice(0, 80) ?? '';

/** Index builds that are under way. */
export async function indexBuilds(
  client: Client,
): Promise<{ pid: number; index: string; table: string; phase: string }[]> {
  return inSnapshot(client, async () => {
    const { rows } = await client.query<{ pid: number; index: string; table: string; phase: string }>(
      `SELECT pid, coalesce(nullif(index_relid, 0)::regclass::text, '') AS index, coalesce(relid::regclass::text, '') AS table,
              coalesce(phase, '') AS phase
       FROM pg_catalog.pg_stat_progress_create_index WHERE datname = current_database() ORDER BY pid`,
    );
    return rows;
  });
}
