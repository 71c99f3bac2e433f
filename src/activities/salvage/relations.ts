import type { Client } from '../../postgres/connect.ts';
import { keyOf } from '../../postgres/tables.ts';
import { relations as relation, userRelation } from '../../postgres/user-objects.ts';

export interface Column {
  name: string;
  /** As `format_type` prints it. */
  type: string;
  /** `oid`, or a domain over it: may point to a large object. */
  isOid: boolean;
}

/** A table as salvage reads it. */
export interface Relation {
  oid: number;
  key: string;
  schema: string;
  name: string;
  /** `schema.table`, quoted where it must be. */
  quoted: string;
  partitioned: boolean;
  foreign: boolean;
  /** The topmost partitioned table that this one is a part of. */
  root: number | undefined;
  columns: Column[];
  /** Columns of the primary key; empty where there is none. */
  primaryKey: string[];
  /** Tables that its foreign keys point to. */
  refersTo: number[];
}

interface Row extends Omit<Relation, 'key' | 'root'> {
  root: number | null;
}

/** Every table of the user's, foreign ones included. */
export async function relations(client: Client): Promise<Relation[]> {
  const { rows } = await client.query<Row>(`
    SELECT c.oid::int8::float8 AS oid, n.nspname AS schema, c.relname AS name,
      format('%I.%I', n.nspname, c.relname) AS quoted, c.relkind = 'p' AS partitioned,
      c.relkind = 'f' AS foreign,
      CASE WHEN c.relispartition THEN pg_partition_root(c.oid)::oid::int8::float8 END AS root,
      (SELECT coalesce(jsonb_agg(jsonb_build_object('name', a.attname, 'type', format_type(a.atttypid, a.atttypmod),
           'isOid', 'oid'::regtype IN (t.oid, t.typbasetype)) ORDER BY a.attnum), '[]')
       FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid
       WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped) AS columns,
      (SELECT coalesce(jsonb_agg(a.attname ORDER BY array_position(i.indkey::int2[], a.attnum)), '[]')
       FROM pg_index i JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = ANY (i.indkey::int2[])
       WHERE i.indrelid = c.oid AND i.indisprimary) AS "primaryKey",
      (SELECT coalesce(jsonb_agg(DISTINCT k.confrelid::int8), '[]')
       FROM pg_constraint k WHERE k.conrelid = c.oid AND k.contype = 'f') AS "refersTo"
    FROM ${relation} WHERE ${userRelation(`'r', 'p', 'f'`)}
    ORDER BY n.nspname, c.relname`);
  return rows.map((row) => ({
    ...row,
    root: row.root ?? undefined,
    key: keyOf(row.schema, row.name),
  }));
}

export interface Sequence {
  /** `schema.name`, quoted where it must be. */
  name: string;
  lastValue: string;
  isCalled: boolean;
  column: string;
}

/** The sequences that feed columns of a table: their own, and those that their defaults name. */
export async function sequencesOf(
  client: Client,
  { oid }: Relation,
  columns: readonly string[],
): Promise<Sequence[]> {
  const { rows } = await client.query<{ name: string; column: string }>(
    `SELECT DISTINCT format('%I.%I', n.nspname, s.relname) AS name, a.attname AS column
     FROM pg_attribute a
     LEFT JOIN pg_attrdef e ON e.adrelid = a.attrelid AND e.adnum = a.attnum
     JOIN pg_depend d ON (d.classid = 'pg_class'::regclass AND d.refclassid = 'pg_class'::regclass
            AND d.refobjid = a.attrelid AND d.refobjsubid = a.attnum AND d.deptype IN ('a', 'i'))
         OR (d.classid = 'pg_attrdef'::regclass AND d.objid = e.oid AND d.refclassid = 'pg_class'::regclass)
     JOIN pg_class s ON s.oid IN (d.objid, d.refobjid) AND s.relkind = 'S'
     JOIN pg_namespace n ON n.oid = s.relnamespace
     WHERE a.attrelid = $1 AND a.attname = ANY ($2) ORDER BY 1, 2`,
    [oid, columns],
  );
  const found: Sequence[] = [];
  for (const { name, column } of rows) {
    const { rows: states } = await client.query<{ lastValue: string; isCalled: boolean }>(
      `SELECT last_value AS "lastValue", is_called AS "isCalled" FROM ${name}`,
    );
    const state = states[0];
    if (state !== undefined) found.push({ name, column, ...state });
  }
  return found;
}
