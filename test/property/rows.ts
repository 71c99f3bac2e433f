import { quoted, type Client } from '../../src/postgres/connect.ts';
import { tables } from '../../src/postgres/tables.ts';

interface Contents {
  columns: string[];
  /** Values as text, in the order of the columns. */
  rows: (string | null)[][];
}

/** Everything that the tables hold, by name of the table. */
export async function allRows(client: Client): Promise<Record<string, Contents>> {
  const found: Record<string, Contents> = {};
  await client.query('SET extra_float_digits = 3');
  for (const { key, schema, name } of await tables(client)) {
    const table = `${quoted(schema)}.${quoted(name)}`;
    const { rows } = await client.query<{ name: string }>(
      `SELECT attname AS name FROM pg_attribute WHERE attrelid = $1::regclass AND attnum > 0 AND NOT attisdropped`,
      [table],
    );
    const columns = rows.map(({ name }) => name);
    const values = columns.map((column) => `${quoted(column)}::text`).join(', ');
    const read = await client.query<(string | null)[]>({
      text: `SELECT ${values} FROM ${table}`,
      rowMode: 'array',
    });
    found[key] = { columns, rows: read.rows };
  }
  return found;
}

/** Sequences that would hand out a number again that their column holds. */
export async function behind(client: Client): Promise<string[]> {
  const { rows } = await client.query<{ sequence: string; column: string; table: string }>(`
    SELECT s.oid::regclass AS sequence, format('%I', a.attname) AS column, a.attrelid::regclass AS table
    FROM pg_class s JOIN pg_depend d ON d.classid = 'pg_class'::regclass AND d.objid = s.oid AND d.deptype IN ('a', 'i')
    JOIN pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid WHERE s.relkind = 'S'`);
  const found: string[] = [];
  for (const { sequence, column, table } of rows) {
    const { rowCount } = await client.query(
      `SELECT FROM ${sequence} HAVING coalesce(max(last_value) FILTER (WHERE is_called), 0) < (SELECT max(${column}) FROM ${table})`,
    );
    if (rowCount) found.push(sequence);
  }
  return found;
}

/**
 * The rows of the one that the other has not, as often as they are there. A column that held no value at all lost
 * none: what the corrected migration puts there by default is its own.
 */
export function missing(wanted: Record<string, Contents>, found: Record<string, Contents>): string[] {
  return Object.entries(wanted).flatMap(([table, { columns, rows }]) => {
    const held = columns.filter((_, index) => rows.some((row) => row[index] !== null));
    const there = found[table] ?? { columns: [], rows: [] };
    const left = new Map<string, number>();
    for (const row of formatRows(there, held)) left.set(row, (left.get(row) ?? 0) + 1);
    return formatRows({ columns, rows }, held).flatMap((row) => {
      const count = left.get(row) ?? 0;
      left.set(row, count - 1);
      return count > 0 ? [] : [`${table}: ${row}`];
    });
  });
}

const formatRows = ({ columns, rows }: Contents, names: readonly string[]): string[] =>
  rows.map((row) =>
    JSON.stringify(Object.fromEntries(names.map((name) => [name, row[columns.indexOf(name)]]))),
  );
