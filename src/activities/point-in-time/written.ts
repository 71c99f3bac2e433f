import type { Client } from '../../postgres/connect.ts';
import { quoted } from '../../postgres/connect.ts';
import { catalog, catalogHash, counts } from '../../postgres/catalog.ts';
import { inSnapshot, tables } from '../../postgres/tables.ts';

/** What a database holds, and how many rows were ever written to it since its server recovered. */
export interface Holds {
  counts: Record<string, number>;
  catalog: string;
  written: number;
}

/**
 * Sessions report what they wrote when they end, and at most each second while they live: asked of a database
 * on which nobody is but Backstep.
 */
export async function holdsNow(client: Client): Promise<Holds> {
  const found = { counts: await counts(client), catalog: catalogHash(await catalog(client)) };
  const { rows } = await client.query<{ written: string }>(
    `SELECT coalesce(sum(n_tup_ins + n_tup_upd + n_tup_del), 0) AS written FROM pg_catalog.pg_stat_user_tables`,
  );
  return { ...found, written: Number(rows[0]?.written) };
}

/**
 * Rows of each table that were inserted or changed after a moment; undefined where the server does not keep
 * the times of commits (`track_commit_timestamp`), or has lost them.
 */
export async function writtenSince(
  client: Client,
  to: string,
): Promise<Record<string, number | undefined> | undefined> {
  const { rows: settings } = await client.query<{ tracks: string }>(
    `SELECT current_setting('track_commit_timestamp') AS tracks`,
  );
  if (settings[0]?.tracks !== 'on') return undefined;
  return inSnapshot(client, async () => {
    const since: Record<string, number> = {};
    for (const table of await tables(client)) {
      if (table.partitioned) continue;
      const { rows } = await client.query<{ count: string }>(
        `SELECT count(*) FROM ONLY ${quoted(table.schema)}.${quoted(table.name)} AS r
         WHERE pg_catalog.pg_xact_commit_timestamp(r.xmin) > $1`,
        [to],
      );
      since[table.key] = Number(rows[0]?.count);
    }
    return since;
  });
}
