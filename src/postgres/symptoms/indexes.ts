import type { Client } from '../connect.ts';
import { inSnapshot, keyOf } from '../tables.ts';
import { userSchema } from '../user-objects.ts';

const bigIndex = 10 * 2 ** 20;
/** A table with fewer rows is read from end to end as fast as by an index. */
export const bigTable = 10_000;

/** An index that cannot be used, or not yet, though nobody is building it. */
export interface InvalidIndex {
  name: string;
  table: string;
  ready: boolean;
}

/** What CREATE INDEX CONCURRENTLY leaves behind when it fails. */
export async function invalidIndexes(client: Client): Promise<InvalidIndex[]> {
  return inSnapshot(client, async () => {
    const { rows } = await client.query<{ schema: string; name: string; table: string; ready: boolean }>(
      `SELECT n.nspname AS schema, c.relname AS name, i.indrelid::regclass::text AS table, i.indisready AS ready
       FROM pg_catalog.pg_index i JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid
       JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
       WHERE NOT (i.indisvalid AND i.indisready) AND ${userSchema()}
         AND NOT EXISTS (SELECT FROM pg_catalog.pg_stat_progress_create_index p
                         WHERE p.datname = current_database() AND p.index_relid = i.indexrelid)
         AND NOT EXISTS (SELECT FROM pg_catalog.pg_stat_progress_create_index p
                         WHERE p.datname = current_database() AND p.relid = i.indrelid AND p.index_relid = 0)
       ORDER BY 1, 2`,
    );
    return rows.map(({ schema, name, table, ready }) => ({ name: keyOf(schema, name), table, ready }));
  });
}

/** Those of these indexes that are not there. An invalid one is there. */
export async function missingIndexes(client: Client, wanted: readonly string[]): Promise<string[]> {
  return inSnapshot(client, async () => {
    const { rows } = await client.query<{ schema: string; name: string }>(
      `SELECT n.nspname AS schema, c.relname AS name
       FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
       WHERE c.relkind IN ('i', 'I') AND ${userSchema()}`,
    );
    const there = new Set(rows.map(({ schema, name }) => keyOf(schema, name)));
    return wanted.filter((name) => !there.has(name.replace(/^public\./, '')));
  });
}

/** Big indexes that only cost: never used since the statistics began, and no constraint stands on them. */
export async function unusedIndexes(
  client: Client,
): Promise<{ name: string; table: string; bytes: number }[]> {
  return inSnapshot(client, async () => {
    const { rows } = await client.query<{ schema: string; name: string; table: string; bytes: string }>(
      `SELECT s.schemaname AS schema, s.indexrelname AS name, s.relname AS table, pg_relation_size(s.indexrelid) AS bytes
       FROM pg_catalog.pg_stat_user_indexes s JOIN pg_catalog.pg_index i ON i.indexrelid = s.indexrelid
       WHERE s.idx_scan = 0 AND NOT i.indisunique AND i.indisvalid AND pg_relation_size(s.indexrelid) >= ${bigIndex}
       ORDER BY 4 DESC LIMIT 3`,
    );
    return rows.map(({ schema, name, table, bytes }) => ({
      name: keyOf(schema, name),
      table,
      bytes: Number(bytes),
    }));
  });
}

/** Big tables of which most rows that are read, are read by table scans. */
export async function scannedTables(
  client: Client,
): Promise<{ table: string; scans: number; rows: number }[]> {
  return inSnapshot(client, async () => {
    const { rows } = await client.query<{ schema: string; name: string; scans: number; rows: number }>(
      `SELECT schemaname AS schema, relname AS name, seq_scan::float8 AS scans, n_live_tup::float8 AS rows
       FROM pg_catalog.pg_stat_user_tables
       WHERE n_live_tup >= ${bigTable} AND seq_scan >= 50 AND seq_tup_read > 10 * coalesce(idx_tup_fetch, 0)
       ORDER BY seq_tup_read DESC LIMIT 3`,
    );
    return rows.map(({ schema, name, ...row }) => ({ table: keyOf(schema, name), ...row }));
  });
}
