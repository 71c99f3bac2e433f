import { inSnapshot } from './tables.ts';
import { quoted, type Client } from './connect.ts';

/**
 * The revisions that Alembic's version table holds: none where the table is empty or missing (`base`), several
 * where the history has branches.
 *
 * @param versionTable `alembic_version`, or `schema.table`
 */
export async function revisions(client: Client, versionTable: string): Promise<string[]> {
  const table = versionTable.split('.').map(quoted).join('.');
  return inSnapshot(client, async () => {
    const { rows } = await client.query<{ there: boolean }>('SELECT to_regclass($1) IS NOT NULL AS there', [
      table,
    ]);
    if (rows[0]?.there !== true) return [];
    const found = await client.query<{ version_num: string }>(`SELECT version_num FROM ${table} ORDER BY 1`);
    return found.rows.map(({ version_num }) => version_num);
  });
}
