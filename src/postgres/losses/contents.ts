import { postgresFailure, type Client } from '../connect.ts';
import { text, type Column, type Shape } from './shapes.ts';

/** How many values a column holds, and a sum over a hash of each, which does not depend on the order of rows. */
export interface Content {
  values: number;
  sum: string;
}

export interface Contents {
  rows: number;
  /** Of those, rows whose version is younger than the transaction asked about. */
  younger: number;
  /** By number of the column. */
  columns: Map<number, Content & { younger: number }>;
}

/**
 * Whether a row version is younger than a transaction. `xmin` stays as it was when the row is frozen; what it says
 * is ambiguous only where the server has given out more than 2^31 transaction ids (`isClear`).
 */
export const youngerThan = (transaction: string): string =>
  `pg_catalog.age(t.xmin) < pg_catalog.age('${transaction}'::xid)`;

/** A transaction id that is younger than every row there is now: what happens afterwards has a younger one. */
export async function youngestTransaction(client: Client): Promise<string> {
  const { rows } = await client.query<{ id: string }>('SELECT pg_catalog.txid_current()::text AS id');
  // The 32 bits of it, as `xmin` has them.
  return String(BigInt.asUintN(32, BigInt(rows[0]?.id ?? '0')));
}

/**
 * Rows and columns of a table.
 *
 * @param key text that every hash is made over as well, such as the primary key
 */
export async function contents(
  client: Client,
  shape: Shape,
  of: { columns: readonly Column[]; since?: string | undefined; key?: string | undefined },
): Promise<Contents> {
  const { columns, since, key } = of;
  const younger = since === undefined ? 'false' : youngerThan(since);
  const each = columns.flatMap((column) => {
    const value = text(column);
    const hashed = key === undefined ? value : `${key} || ${value}`;
    return [
      `count(${value})`,
      `coalesce(sum(pg_catalog.hashtextextended(${hashed}, 0)), 0)::text`,
      `count(${value}) FILTER (WHERE ${younger})`,
    ];
  });
  const selected = ['count(*)', `count(*) FILTER (WHERE ${younger})`, ...each].join(', ');
  const { rows } = await query(client, `SELECT ${selected} FROM ${shape.from} t`, shape);
  const [row = []] = rows;
  return {
    rows: Number(row[0]),
    younger: Number(row[1]),
    columns: new Map(
      columns.map(({ number }, index) => {
        const [values, sum, newer] = row.slice(2 + index * 3);
        return [number, { values: Number(values), sum: String(sum), younger: Number(newer) }];
      }),
    ),
  };
}

type Cell = string | boolean | null;

async function query(client: Client, sql: string, { key }: Shape): Promise<{ rows: Cell[][] }> {
  try {
    return await client.query<Cell[]>({ text: sql, rowMode: 'array' });
  } catch (error) {
    throw postgresFailure(error, `read table ${key}`);
  }
}

/** What a row of a table holds, for the comparison row by row. */
export interface Hashed {
  /** Of the key; of the first value where the table has none. */
  key: string;
  /** One for each column asked for; null where the value is. */
  values: (string | null)[];
  younger: boolean;
}

const together = 10_000;

const hash = (value: string) => `pg_catalog.hashtextextended(${value}, 0)::text COLLATE "C"`;

/** The rows of a table in order of the hash of their key, in pieces; rows may be many. */
export async function* hashedRows(
  client: Client,
  shape: Shape,
  of: { key: string; columns: readonly Column[]; since?: string | undefined },
): AsyncGenerator<Hashed> {
  const younger = of.since === undefined ? 'false' : youngerThan(of.since);
  const selected = [hash(of.key), ...of.columns.map((column) => hash(text(column))), younger];
  await client.query(
    `DECLARE hashed NO SCROLL CURSOR FOR SELECT ${selected.join(', ')} FROM ${shape.from} t WHERE ${of.key} IS NOT NULL ORDER BY 1`,
  );
  for (;;) {
    const { rows } = await query(client, `FETCH ${together} FROM hashed`, shape);
    for (const row of rows) {
      const values = row.slice(1, -1) as (string | null)[];
      yield { key: String(row[0]), values, younger: row.at(-1) === true };
    }
    if (rows.length < together) break;
  }
  await client.query('CLOSE hashed');
}
