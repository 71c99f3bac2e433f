import { postgresFailure, quoted, type Client } from './connect.ts';
import { unlessDamaged } from './damage.ts';
import { relations, userRelation } from './user-objects.ts';

/** A table of the user's: not of the system, not of an extension. */
export interface Table {
  /** `table` in public, otherwise `schema.table`. */
  key: string;
  schema: string;
  name: string;
  /** A partitioned table holds no rows of its own; its partitions are tables too. */
  partitioned: boolean;
}

/** `schema.name` without `public.`: how tables are named everywhere in Backstep. */
export const keyOf = (schema: string, name: string): string =>
  schema === 'public' ? name : `${schema}.${name}`;

/** All user tables; tables that belong to an extension are its own affair. */
export async function tables(client: Client): Promise<Table[]> {
  const { rows } = await client.query<{ schema: string; name: string; partitioned: boolean }>(`
    SELECT n.nspname AS schema, c.relname AS name, c.relkind = 'p' AS partitioned
    FROM ${relations} WHERE ${userRelation(`'r', 'p'`)}
    ORDER BY 1, 2`);
  return rows.map((row) => ({ ...row, key: keyOf(row.schema, row.name) }));
}

/** Rows of the given tables, exact; of a parent by inheritance its own rows only, as a dump holds them. */
export async function countRows(client: Client, of: Table[]): Promise<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const { key, schema, name, partitioned } of of) {
    const { rows } = await client.query<{ count: string }>(
      `SELECT count(*) FROM ${partitioned ? '' : 'ONLY '}${quoted(schema)}.${quoted(name)}`,
    );
    counts[key] = Number(rows[0]?.count);
  }
  return counts;
}

/**
 * Rows of every user table, the version table included, exact and at one moment.
 *
 * @returns rows by `table` (in public) or `schema.table`
 * @throws Failure DatabaseRightMissing where a table may not be read, or only through row security.
 */
export async function counts(client: Client): Promise<Record<string, number>> {
  return inSnapshot(client, async () => countRows(client, await tables(client)));
}

/** What stands for the tables where it cannot be read which there are. */
export const systemCatalog = 'pg_catalog';

/**
 * As `counts`, of a database that may be damaged.
 *
 * @returns in `unreadable` what has no count, by the same names
 */
export async function countsOfReadable(
  client: Client,
): Promise<{ counts: Record<string, number>; unreadable: string[] }> {
  return inSnapshot(client, async () => {
    const there = await unlessDamaged([client], () => tables(client));
    if ('damage' in there) return { counts: {}, unreadable: [systemCatalog] };
    const counts: Record<string, number> = {};
    const unreadable: string[] = [];
    for (const table of there.found) {
      const read = await unlessDamaged([client], () => countRows(client, [table]));
      if ('found' in read) Object.assign(counts, read.found);
      else unreadable.push(table.key);
    }
    return { counts, unreadable };
  });
}

/** Runs `read` in one read-only snapshot, so that all it reads is of one moment. */
export async function inSnapshot<T>(client: Client, read: () => Promise<T>): Promise<T> {
  await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY');
  try {
    return await read();
  } catch (error) {
    throw postgresFailure(error, 'read the database');
  } finally {
    await client.query('ROLLBACK').catch(() => {});
  }
}
