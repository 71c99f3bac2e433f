import { quoted, type Client } from '../connect.ts';
import { asXmin } from './contents.ts';

/** A transaction id that is younger than every row there is now: what happens afterwards has a younger one. */
export async function now(client: Client): Promise<string> {
  const { rows } = await client.query<{ id: string }>('SELECT pg_catalog.txid_current()::text AS id');
  return asXmin(rows[0]?.id ?? '0');
}

/**
 * The transaction of the migration: it wrote the row of the version table last, so whatever row is younger was
 * written since. A clone keeps `xmin`, freezing does too.
 *
 * Not known, and then undefined: where several migrations are reverted (only the last one left its mark); where the
 * version table holds several rows; where the server has given out more than 2^31 transaction ids, so that the 32
 * bits of an old row may stand for two transactions; after a restore from a dump, which writes every row anew and
 * makes the index of the version table afterwards. A revision set by hand (`alembic stamp`) counts from that moment.
 */
export async function migrationOf(
  client: Client,
  { versionTable, reverts }: { versionTable: string; reverts: number },
): Promise<string | undefined> {
  if (reverts !== 1) return undefined;
  const table = versionTable.split('.').map(quoted).join('.');
  const { rows } = await client.query<{ id: string; clear: boolean }>(
    `SELECT t.xmin::text AS id,
            pg_catalog.txid_snapshot_xmax(pg_catalog.txid_current_snapshot()) < 2147483648 AND NOT EXISTS (
              SELECT FROM pg_catalog.pg_index i JOIN pg_catalog.pg_class x ON x.oid = i.indexrelid
              WHERE i.indrelid = t.tableoid AND pg_catalog.age(x.xmin) < pg_catalog.age(t.xmin)) AS clear
     FROM ${table} t`,
  );
  const [row] = rows;
  return rows.length === 1 && row?.clear === true ? row.id : undefined;
}
