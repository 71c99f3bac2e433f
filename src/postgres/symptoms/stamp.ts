import { quoted, type Client } from '../connect.ts';
import { transactionOf, versionTableInSql } from '../../migrations/version-table.ts';
import type { VersionTable } from '../../migrations/tool.ts';
import { inSnapshot, keyOf } from '../tables.ts';
import { userRelation } from '../user-objects.ts';

/**
 * What the migration made, as the catalog itself tells: every row of PostgreSQL carries the transaction that
 * wrote it (`xmin`), those of the catalog and of the version table too, and by default one transaction
 * writes the revision and makes what belongs to it.
 */
export interface Stamp {
  /** The transaction that wrote the revision. */
  transaction: string;
  /** True where it also made the version table: then it made everything since `base`. */
  fromBase: boolean;
  tables: MadeTable[];
  columns: MadeColumns[];
  /** Columns that it changed or renamed. */
  changed: string[];
  /** What later transactions made, in words: `table scores`, `index papers_score`. */
  later: string[];
}

interface MadeTable {
  key: string;
  schema: string;
  name: string;
}

/** The columns that were added to a table that was there before. */
export interface MadeColumns extends MadeTable {
  columns: string[];
}

interface AttributeRow {
  schema: string;
  name: string;
  column: string;
  number: number;
  dropped: boolean;
  byIt: boolean;
  later: boolean;
}

/**
 * Reads the stamp of the newest migration. `age` orders transactions, also where their numbers have wrapped around.
 *
 * @param revision at which the database is
 * @returns undefined where the mark is not clear: several revisions, a database restored since, transaction ids
 *   that have wrapped around (see `transactionOf`)
 */
export async function stampOf(
  client: Client,
  tool: VersionTable,
  revision: string,
): Promise<Stamp | undefined> {
  const table = versionTableInSql(tool);
  return inSnapshot(client, async () => {
    const transaction = await transactionOf(client, tool, revision);
    if (transaction === undefined) return undefined;
    const { rows: versions } = await client.query<{ fromBase: boolean }>(
      `SELECT a.xmin = $2::xid AS "fromBase" FROM pg_catalog.pg_attribute a
       WHERE a.attrelid = to_regclass($1) AND a.attname = 'ctid'`,
      [table, transaction],
    );
    const fromBase = versions[0]?.fromBase === true;
    // The system column ctid is written with its table and never again, whatever is altered or renamed later.
    const { rows } = await client.query<AttributeRow>(
      `SELECT n.nspname AS schema, c.relname AS name, a.attname AS column, a.attnum AS number,
              a.attisdropped AS dropped, a.xmin = $1::xid AS "byIt", age(a.xmin) < age($1::xid) AS later
       FROM pg_catalog.pg_attribute a
       JOIN pg_catalog.pg_class c ON c.oid = a.attrelid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
       WHERE ${userRelation(`'r', 'p'`)} AND c.oid IS DISTINCT FROM to_regclass($2)
         AND (a.attnum > 0 OR a.attname = 'ctid')
       ORDER BY 1, 2, 4`,
      [transaction, table],
    );
    return {
      transaction,
      fromBase,
      ...sorted(rows),
      later: [...laterOf(rows), ...(await laterIndexes(client, transaction))],
    };
  });
}

/** Rows of each table, by its key. */
function byTable(rows: AttributeRow[]): Map<string, AttributeRow[]> {
  const tables = new Map<string, AttributeRow[]>();
  for (const row of rows) {
    const key = keyOf(row.schema, row.name);
    tables.set(key, [...(tables.get(key) ?? []), row]);
  }
  return tables;
}

const itself = (rows: AttributeRow[]) => rows.find(({ number }) => number < 0);

function sorted(rows: AttributeRow[]): Pick<Stamp, 'tables' | 'columns' | 'changed'> {
  const found: Pick<Stamp, 'tables' | 'columns' | 'changed'> = { tables: [], columns: [], changed: [] };
  for (const [key, of] of byTable(rows)) {
    const { schema = '', name = '' } = of[0] ?? {};
    const table = { key, schema, name };
    if (itself(of)?.byIt === true) {
      found.tables.push(table);
      continue;
    }
    const columns = of.filter(({ number }) => number > 0);
    // A column that is added stands after all others; one that was there before and changed stands among them.
    const lastOld = columns.findLastIndex(({ byIt, later }) => !byIt && !later);
    const touched = columns.filter(({ byIt, dropped }) => byIt && !dropped);
    const added = touched.filter((column) => columns.indexOf(column) > lastOld);
    if (added.length > 0) found.columns.push({ ...table, columns: added.map(({ column }) => column) });
    found.changed.push(
      ...touched.filter((column) => !added.includes(column)).map(({ column }) => `${key}.${column}`),
    );
  }
  return found;
}

function laterOf(rows: AttributeRow[]): string[] {
  return [...byTable(rows)].flatMap(([key, of]) =>
    itself(of)?.later === true
      ? [`table ${key}`]
      : of
          .filter(({ number, later, dropped }) => number > 0 && later && !dropped)
          .map(({ column }) => `column ${key}.${column}`),
  );
}

async function laterIndexes(client: Client, transaction: string): Promise<string[]> {
  const { rows } = await client.query<{ schema: string; name: string }>(
    `SELECT n.nspname AS schema, c.relname AS name
     FROM pg_catalog.pg_index i JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid
     JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
     WHERE age(i.xmin) < age($1::xid) AND ${userRelation(`'i', 'I'`)} ORDER BY 1, 2`,
    [transaction],
  );
  return rows.map(({ schema, name }) => `index ${keyOf(schema, name)}`);
}

/** Rows of a table, those written since the revision was, and the values of some columns. */
export interface Written {
  rows: number;
  since: number;
  columns: Record<string, { values: number; since: number }>;
}

/** Counts them in one pass. Rows changed since count as written since. */
export async function writtenSince(
  client: Client,
  { schema, name }: MadeTable,
  columns: string[],
  transaction: string,
): Promise<Written> {
  const since = 'age(xmin) < age($1::xid)';
  const counted = columns.flatMap((column, at) => [
    `count(${quoted(column)}) AS v${at}`,
    `count(${quoted(column)}) FILTER (WHERE ${since}) AS s${at}`,
  ]);
  return inSnapshot(client, async () => {
    const { rows } = await client.query<Record<string, string>>(
      `SELECT ${['count(*) AS rows', `count(*) FILTER (WHERE ${since}) AS since`, ...counted].join(', ')}
       FROM ${quoted(schema)}.${quoted(name)}`,
      [transaction],
    );
    const number = (key: string) => Number(rows[0]?.[key] ?? 0);
    return {
      rows: number('rows'),
      since: number('since'),
      columns: Object.fromEntries(
        columns.map((column, at) => [column, { values: number(`v${at}`), since: number(`s${at}`) }]),
      ),
    };
  });
}
