import type { Client } from './connect.ts';
import { quoted } from './connect.ts';
import { catalog, catalogHash, counts } from './catalog.ts';
import { inSnapshot, tables } from './tables.ts';

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
 * Rows of each table that were inserted or changed after a moment; undefined where the server does not keep the
 * times of commits (`track_commit_timestamp`). Of a table with rows whose time it does not know as well, unless it
 * kept times at that moment already: else they may have been written after it, before it began to.
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
    const found: { key: string; since: number; before: number; unknown: number }[] = [];
    for (const { key, schema, name, partitioned } of await tables(client)) {
      if (partitioned) continue;
      const { rows } = await client.query<{ since: string; before: string; unknown: string }>(
        `SELECT count(*) FILTER (WHERE at > $1) AS since, count(*) FILTER (WHERE at <= $1) AS before,
                count(*) FILTER (WHERE at IS NULL) AS unknown
         FROM (SELECT pg_catalog.pg_xact_commit_timestamp(r.xmin) AS at
               FROM ONLY ${quoted(schema)}.${quoted(name)} AS r) r`,
        [to],
      );
      const { since = 0, before = 0, unknown = 0 } = rows[0] ?? {};
      found.push({ key, since: Number(since), before: Number(before), unknown: Number(unknown) });
    }
    const reaches = found.some(({ before }) => before > 0) || (await keptAt(client, to));
    return Object.fromEntries(
      found.map(({ key, since, unknown }) => [key, reaches || unknown === 0 ? since : undefined]),
    );
  });
}

/** So many transactions after the oldest whose time may be known: some of them were not committed. */
const looked = 1_000;

/** Whether a commit is known from before: then the times of all that came later are. */
async function keptAt(client: Client, to: string): Promise<boolean> {
  const { rows } = await client.query<{ kept: boolean | null }>(
    `SELECT bool_or(pg_catalog.pg_xact_commit_timestamp((at % 4294967296)::text::xid) <= $1) AS kept
     FROM (SELECT oldest_commit_ts_xid::text::bigint AS oldest, split_part(next_xid, ':', 2)::bigint AS next
           FROM pg_catalog.pg_control_checkpoint()) c,
          generate_series(oldest, least(oldest + ${looked}, CASE WHEN next < oldest THEN next + 4294967296 ELSE next END - 1)) at
     WHERE oldest >= 3 AND at % 4294967296 >= 3`,
    [to],
  );
  return rows[0]?.kept === true;
}
