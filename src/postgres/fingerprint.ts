import { createHash } from 'node:crypto';
import { canonical } from '../domain/plan/hash.ts';
import { catalogHash, catalogInTransaction } from './catalog.ts';
import { quoted, type Client } from './connect.ts';
import { literal } from './properties.ts';
import { relations, userRelation } from './user-objects.ts';
import { countRows, inSnapshot, keyOf, tables, type Table } from './tables.ts';

/** What a database holds, catalog and contents, so that two can be compared without laying them side by side. */
export interface Fingerprint {
  /** Over all parts; 64 hexadecimal digits. */
  sha256: string;
  /** Rows of every user table, exact. */
  counts: Record<string, number>;
  /** By `catalog`, `table papers`, `sequence papers_id_seq`, `large objects`: what must be equal. */
  parts: Record<string, string>;
}

export interface FingerprintOptions {
  /** Before each table. */
  onTable?: (key: string, done: number, of: number) => void;
}

/**
 * Reads the whole database in one snapshot. Equal for a database, its clone, and what is restored from its dump,
 * on any server; different after a change of any row, sequence, large object or definition. Contents of
 * materialized views and of extensions' own tables are not read.
 *
 * @throws Failure DatabaseRightMissing where something may not be read, or only through row security
 */
export const fingerprint = (client: Client, options?: FingerprintOptions): Promise<Fingerprint> =>
  inSnapshot(client, () => fingerprintInTransaction(client, options));

/** As `fingerprint`, inside the snapshot of a transaction that is open. */
export async function fingerprintInTransaction(
  client: Client,
  { onTable }: FingerprintOptions = {},
): Promise<Fingerprint> {
  const parts: Record<string, string> = { catalog: catalogHash(await catalogInTransaction(client)) };
  // Reading the catalog has settled names, dates and numbers for this transaction.
  await client.query('SET LOCAL row_security = off; SET LOCAL jit = off');
  const found = await tables(client);
  const counts = await countRows(
    client,
    found.filter(({ partitioned }) => partitioned),
  );
  for (const [index, table] of found.entries()) {
    if (table.partitioned) continue;
    onTable?.(table.key, index, found.length);
    const { rows, sum } = await contents(client, table);
    counts[table.key] = rows;
    parts[`table ${table.key}`] = `${rows} ${sum}`;
  }
  Object.assign(parts, await sequences(client));
  parts['large objects'] = await largeObjects(client);
  return { sha256: createHash('sha256').update(canonical(parts)).digest('hex'), counts, parts };
}

/** The parts in which two databases differ, by name: `table papers`, `sequence papers_id_seq`. */
export const unlike = (one: Fingerprint, other: Fingerprint): string[] =>
  Object.keys({ ...one.parts, ...other.parts }).filter((part) => one.parts[part] !== other.parts[part]);

/** The first 64 bits of an MD5 as a number; a sum of them does not depend on the order of rows. */
const number = (md5: string) => `('x' || left(${md5}, 16))::bit(64)::bigint`;

/**
 * Rows, and the sum of a hash of each. The hash is of the row as it is sent in binary: 185 MB of vectors take
 * 0.6 s so, 2.6 s as `md5(t::text)`; 2 million short rows 0.9 s and 1.4 s. (PostgreSQL 18.4, two cores.)
 */
async function contents(client: Client, { schema, name }: Table): Promise<{ rows: number; sum: string }> {
  const table = `${quoted(schema)}.${quoted(name)}`;
  const columns = await client.query<{ column: string; how: 'as it is' | 'send' | 'text'; send: string }>(
    columnsOf,
    [table],
  );
  const values = columns.rows.map(({ column, how, send }) => {
    const value = `t.${quoted(column)}`;
    return how === 'as it is' ? value : how === 'send' ? `${send}(${value})` : `${value}::text`;
  });
  const { rows } = await client.query<{ rows: string; sum: string | null }>(
    `SELECT count(*) AS rows, sum(${number(`md5(record_send(ROW(${values.join(', ')})))`)})::text AS sum FROM ONLY ${table} t`,
  );
  return { rows: Number(rows[0]?.rows), sum: rows[0]?.sum ?? '0' };
}

/**
 * How each column enters the row. In binary a row tells the OIDs of its types: those of built-in ones are the same
 * everywhere, those of others differ after a dump and restore, so these are sent by themselves, or as text.
 */
const columnsOf = `
  SELECT a.attname AS column, t.typsend::regproc::text AS send,
    CASE
      WHEN t.typsend = 0 OR t.typname ~ '^_?reg' OR t.typtype NOT IN ('b', 'r', 'm') THEN 'text'
      WHEN t.oid < 16384 THEN 'as it is'
      WHEN t.typtype = 'b' AND t.typcategory <> 'A' THEN 'send'
      ELSE 'text'
    END AS how
  FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
  WHERE a.attrelid = $1::regclass AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum`;

const together = 100;

/** Where each sequence stands, as `sequence papers_id_seq`; `nextval` gives that value, or, once called, the next. */
export async function sequences(client: Client): Promise<Record<string, string>> {
  const { rows: found } = await client.query<{ schema: string; name: string }>(
    `SELECT n.nspname AS schema, c.relname AS name
     FROM ${relations} WHERE ${userRelation(`'S'`)}
     ORDER BY 1, 2`,
  );
  const values: Record<string, string> = {};
  for (let from = 0; from < found.length; from += together) {
    const each = found.slice(from, from + together).map(
      ({ schema, name }) =>
        `SELECT ${literal(keyOf(schema, name))} AS key, last_value || CASE WHEN is_called THEN ' called' ELSE '' END AS value
           FROM ${quoted(schema)}.${quoted(name)}`,
    );
    const { rows } = await client.query<{ key: string; value: string }>(each.join(' UNION ALL '));
    for (const { key, value } of rows) values[`sequence ${key}`] = value;
  }
  return values;
}

/** Read in pieces: `lo_get` of a whole one fails at 1 GB. Only superusers read pg_largeobject itself. */
async function largeObjects(client: Client): Promise<string> {
  const { rows } = await client.query<{ pieces: string; sum: string | null }>(
    `WITH RECURSIVE pieces AS (
       SELECT m.oid, pg_get_userbyid(m.lomowner) AS owner, 0::bigint AS piece, p.md5, p.bytes
       FROM pg_catalog.pg_largeobject_metadata m, ${piece('m.oid', '0')}
       UNION ALL
       SELECT l.oid, l.owner, l.piece + 1, p.md5, p.bytes
       FROM pieces l, ${piece('l.oid', 'l.piece + 1')} WHERE l.bytes = ${pieceBytes})
     SELECT count(*) AS pieces, sum(${number(`md5(concat_ws(' ', oid, owner, piece, md5))`)})::text AS sum FROM pieces`,
  );
  return `${rows[0]?.pieces} ${rows[0]?.sum ?? '0'}`;
}

const pieceBytes = 4 * 1024 * 1024;

const piece = (oid: string, number: string) =>
  `LATERAL (SELECT md5(data) AS md5, length(data) AS bytes
            FROM (SELECT lo_get(${oid}, (${number}) * ${pieceBytes}, ${pieceBytes}) AS data OFFSET 0) d) p`;
