import { quoted, type Client } from '../../src/postgres/connect.ts';
import { tables } from '../../src/postgres/tables.ts';

/**
 * A checksum over the contents of each table, whatever the order of its rows and columns: two databases with
 * equal sums hold the same values, NaN, empty strings and NULL told apart.
 */
export async function contents(client: Client): Promise<Record<string, string>> {
  const sums: Record<string, string> = {};
  await client.query(`SET extra_float_digits = 3`);
  for (const { key, schema, name, partitioned } of await tables(client)) {
    const table = `${quoted(schema)}.${quoted(name)}`;
    const { rows } = await client.query<{ column: string }>(
      `SELECT attname AS column FROM pg_attribute WHERE attrelid = $1::regclass AND attnum > 0 AND NOT attisdropped
       ORDER BY attname COLLATE "C"`,
      [table],
    );
    const columns = rows.map(({ column }) => column);
    const row = `ROW(${columns.map((column) => `t.${quoted(column)}::text`).join(', ')})::text`;
    const { rows: summed } = await client.query<{ sum: string }>(
      `SELECT count(*) || ' ' || coalesce(md5(string_agg(${row}, E'\\n' ORDER BY ${row} COLLATE "C")), '') AS sum
       FROM ${partitioned ? '' : 'ONLY '}${table} t`,
    );
    sums[key] = `${columns.join(',')}: ${summed[0]?.sum ?? ''}`;
  }
  return sums;
}
