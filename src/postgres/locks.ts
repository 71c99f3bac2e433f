import { applicationName, withClient, type Client } from './connect.ts';
import { relations, userSchema } from './user-objects.ts';

/** A lock of a relation; a dropped one has no name any more. */
export interface RelationLock {
  oid: string;
  /** As in pg_locks, `AccessExclusiveLock`. */
  mode: string;
}

/** Weakest first. */
const modes = [
  'AccessShareLock',
  'RowShareLock',
  'RowExclusiveLock',
  'ShareUpdateExclusiveLock',
  'ShareLock',
  'ShareRowExclusiveLock',
  'ExclusiveLock',
  'AccessExclusiveLock',
];

/** Kinds of relation that people name; an index is locked with its table. */
export const lockable = new Set(['r', 'p', 'm', 'v', 'f', 'S']);

/** Names of the user's relations by OID. */
export async function relationNames(client: Client): Promise<Map<string, string>> {
  const { rows } = await client.query<{ oid: string; name: string }>(
    `SELECT c.oid::text, CASE n.nspname WHEN 'public' THEN c.relname::text ELSE n.nspname || '.' || c.relname END AS name
     FROM ${relations} WHERE c.relkind = ANY ($1) AND ${userSchema()}`,
    [[...lockable]],
  );
  return new Map(rows.map(({ oid, name }) => [oid, name]));
}

/** Locks that the sessions of an operation hold on relations of a database right now. */
async function heldLocks(admin: Client, database: string, operation: string): Promise<RelationLock[]> {
  const { rows } = await admin.query<RelationLock>(
    `SELECT DISTINCT l.relation::text AS oid, l.mode
     FROM pg_catalog.pg_locks l
     JOIN pg_catalog.pg_database d ON d.oid = l.database
     JOIN pg_catalog.pg_stat_activity a ON a.pid = l.pid
     WHERE d.datname = $1 AND a.application_name = $2 AND l.locktype = 'relation' AND l.granted AND l.relation >= 16384`,
    [database, applicationName(operation)],
  );
  return rows;
}

const every = 100;

/**
 * Looks ten times a second which locks an operation holds in a database: those of statements that commit by
 * themselves are gone before anybody could ask within their transaction.
 *
 * @returns stops looking, and answers with all that were seen
 */
export function watchLocks(
  adminUrl: string,
  of: { database: string; operation: string },
): () => Promise<RelationLock[]> {
  const seen = new Map<string, RelationLock>();
  const ended = new AbortController();
  const watching = withClient(adminUrl, { operation: of.operation }, async (admin) => {
    while (!ended.signal.aborted) {
      for (const lock of await heldLocks(admin, of.database, of.operation))
        seen.set(`${lock.oid} ${lock.mode}`, lock);
      await new Promise((resolve) => setTimeout(resolve, every));
    }
  }).catch(() => undefined);
  return async () => {
    ended.abort();
    await watching;
    return [...seen.values()];
  };
}

/** The strongest lock on each relation that has a name, strongest first. */
export function strongest(
  locks: readonly RelationLock[],
  names: ReadonlyMap<string, string>,
): { relation: string; mode: string }[] {
  const found = new Map<string, string>();
  for (const { oid, mode } of locks) {
    const relation = names.get(oid);
    if (relation === undefined) continue;
    if (modes.indexOf(mode) > modes.indexOf(found.get(relation) ?? '')) found.set(relation, mode);
  }
  return [...found]
    .map(([relation, mode]) => ({ relation, mode }))
    .toSorted((a, b) => modes.indexOf(b.mode) - modes.indexOf(a.mode) || (a.relation < b.relation ? -1 : 1));
}
