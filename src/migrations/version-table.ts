import { revisionText } from '../domain/plan/revision.ts';
import { quoted, type Client } from '../postgres/connect.ts';
import { inSnapshot } from '../postgres/tables.ts';
import type { VersionRow, VersionTable } from './tool.ts';

/** The version table as SQL names it; one without a schema is found by the search path, as the tool finds it. */
export const versionTableInSql = ({ versionTable }: Pick<VersionTable, 'versionTable'>): string =>
  versionTable.split('.').map(quoted).join('.');

/** The version table with its schema, as a dump names it. */
export const qualified = ({ versionTable }: Pick<VersionTable, 'versionTable'>): string =>
  versionTable.includes('.') ? versionTable : `public.${versionTable}`;

/** Values as PostgreSQL writes them as text, whatever their types. */
const asText = { getTypeParser: () => (value: string) => value };

/** The revisions at which the database is: none of an empty or missing version table, several of branches. */
export async function revisionsOf(client: Client, tool: VersionTable): Promise<string[]> {
  const table = versionTableInSql(tool);
  return inSnapshot(client, async () => {
    const { rows } = await client.query<{ there: boolean }>('SELECT to_regclass($1) IS NOT NULL AS there', [
      table,
    ]);
    if (rows[0]?.there !== true) return [];
    const found = await client.query<VersionRow>({ text: `SELECT * FROM ${table}`, types: asText });
    return tool.revisionsIn(found.rows);
  });
}

/** The same in text: `base`, one revision, or several joined by a comma. */
export const revisionOf = async (client: Client, tool: VersionTable): Promise<string> =>
  revisionText(await revisionsOf(client, tool));

/** The same, of rows that were read elsewhere, as in a dump. */
export const revisionIn = (rows: readonly VersionRow[], tool: VersionTable): string =>
  revisionText(tool.revisionsIn(rows));

/**
 * The transaction (`xmin`) of the migration to a revision: it wrote its row of the version table last, so whatever
 * row is younger was written since. A clone keeps `xmin`, freezing does too.
 *
 * @returns undefined where that is not known: the tool names no row of that revision; the server has given out more
 *   than 2^31 transaction ids, so that the 32 bits of an old row may stand for two transactions; or the database was
 *   restored from a dump, which writes every row anew and makes the index of the version table afterwards. A
 *   revision set by hand (`stamp`) counts from that moment.
 */
export async function transactionOf(
  client: Client,
  tool: VersionTable,
  revision: string,
): Promise<string | undefined> {
  const { rows } = await client.query<VersionRow & Stamped>({
    text: `SELECT t.*, t.xmin::text AS "backstep xmin",
                  pg_catalog.txid_snapshot_xmax(pg_catalog.txid_current_snapshot()) < 2147483648 AND NOT EXISTS (
                    SELECT FROM pg_catalog.pg_index i JOIN pg_catalog.pg_class x ON x.oid = i.indexrelid
                    WHERE i.indrelid = t.tableoid AND pg_catalog.age(x.xmin) < pg_catalog.age(t.xmin)) AS "backstep clear"
           FROM ${versionTableInSql(tool)} t`,
    types: asText,
  });
  const row = tool.rowOf(rows, revision);
  return row?.['backstep clear'] === 't' ? (row['backstep xmin'] ?? undefined) : undefined;
}

interface Stamped {
  'backstep xmin': string;
  'backstep clear': string;
}

/** When the version table was last written; undefined where the server keeps no times of commits. */
export async function writtenAt(client: Client, tool: VersionTable): Promise<Date | undefined> {
  const { rows } = await client.query<{ tracks: string }>(
    `SELECT current_setting('track_commit_timestamp') AS tracks`,
  );
  if (rows[0]?.tracks !== 'on') return undefined;
  const found = await client.query<{ at: Date | null }>(
    `SELECT max(pg_catalog.pg_xact_commit_timestamp(xmin)) AS at FROM ${versionTableInSql(tool)}`,
  );
  return found.rows[0]?.at ?? undefined;
}

/**
 * Sessions that are in the midst of a migration, described: they hold a lock on the version table, which a
 * migration reads first and writes last, all in one transaction unless it commits half-way.
 *
 * @param client a session on the database, as a role that may see the application's sessions
 */
export async function migrationSessions(
  client: Client,
  { versionTable }: Pick<VersionTable, 'versionTable'>,
): Promise<string[]> {
  const { rows } = await client.query<{ text: string }>(
    `SELECT DISTINCT ON (a.pid) format('pid %s, role %s, "%s", %s for %s s: it holds %s on %s', a.pid, a.usename,
              a.application_name, coalesce(a.state, 'in a state that may not be seen'),
              coalesce(round(extract(epoch FROM now() - a.xact_start))::text, '?'), l.mode, c.relname) AS text
     FROM pg_catalog.pg_locks l
     JOIN pg_catalog.pg_class c ON c.oid = l.relation AND c.relname = $1
     JOIN pg_catalog.pg_database d ON d.oid = l.database AND d.datname = current_database()
     JOIN pg_catalog.pg_stat_activity a ON a.pid = l.pid
     WHERE l.pid <> pg_backend_pid() AND l.granted
     ORDER BY a.pid, l.mode DESC`,
    [versionTable.split('.').at(-1)],
  );
  return rows.map(({ text }) => text);
}
