import { quoted, type Client } from '../../postgres/connect.ts';
import type { TableDiff } from '../../domain/data-diff.ts';
import type { Both, Column, Shape } from './shape.ts';

export const tableOf = ({ schema, name }: Shape): string => `ONLY ${quoted(schema)}.${quoted(name)} t`;

/** A row as text: equal for equal values, whatever the OIDs of their types. */
export const rowOf = (columns: readonly string[]): string =>
  `ROW(${columns.map((column) => `t.${quoted(column)}`).join(', ')})::text`;

export interface Sum {
  rows: number;
  /** Sum of the hashes of all rows, which does not depend on their order. */
  sum: string;
}

export async function rowSum(client: Client, shape: Shape, columns: readonly string[]): Promise<Sum> {
  const hash = `('x' || left(md5(${rowOf(columns)}), 16))::bit(64)::bigint`;
  const { rows } = await client.query<{ rows: string; sum: string | null }>(
    `SELECT count(*) AS rows, ${columns.length === 0 ? 'NULL' : `sum(${hash})::text`} AS sum FROM ${tableOf(shape)}`,
  );
  return { rows: Number(rows[0]?.rows), sum: rows[0]?.sum ?? '0' };
}

/** Columns that hold values here, and are not among those common to both. */
export async function columnsLost(
  client: Client,
  shape: Shape,
  common: readonly string[],
): Promise<NonNullable<TableDiff['columns']>> {
  const gone = shape.columns.filter(({ name }) => !common.includes(name));
  if (gone.length === 0) return [];
  const counted = gone.map(({ name }, at) => `count(t.${quoted(name)}) AS c${at}`);
  const { rows } = await client.query<Record<string, string>>(
    `SELECT ${counted.join(', ')} FROM ${tableOf(shape)}`,
  );
  return gone.map(({ name }, at) => ({ column: name, values: Number(rows[0]?.[`c${at}`]) }));
}

/** Names that say when a row was written, the most telling first. */
const named = [/^(updated|modified|changed)/, /^(created|inserted|added|ingested)/, /(_at|_on|_time)$/, /./];
const times = /^(timestamp|date)/;

/** The newest time in the column that tells most obviously when a row was written. */
export async function newest(
  both: Both,
  shape: Shape,
  common: readonly Column[],
): Promise<TableDiff['newest']> {
  const candidates = common.filter(({ type }) => times.test(type));
  const column = named.flatMap((name) => candidates.filter((each) => name.test(each.name)))[0];
  if (column === undefined) return undefined;
  const [now, restored] = await Promise.all(
    [both.now, both.restored].map(async (client) => {
      const { rows } = await client.query<{ newest: string | null }>(
        `SELECT max(t.${quoted(column.name)})::text AS newest FROM ${tableOf(shape)}`,
      );
      return rows[0]?.newest ?? undefined;
    }),
  );
  return { column: column.name, ...(now && { now }), ...(restored && { restored }) };
}
