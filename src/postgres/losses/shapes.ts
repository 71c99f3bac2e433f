import { quoted, type Client } from '../connect.ts';
import { keyOf } from '../tables.ts';
import { userRelation } from '../user-objects.ts';

/** A column, known by its number: a renamed one keeps it, one dropped and made anew does not. */
export interface Column {
  number: number;
  name: string;
  /** Computed from others: nothing of its own can be lost. */
  generated: boolean;
}

/** A table that holds rows, known by its OID: a clone keeps those, so that a renamed table is the same one. */
export interface Shape {
  oid: string;
  /** `papers`, `ledger.entries`. */
  key: string;
  /** Quoted, for SQL; without the rows of tables that inherit from it. */
  from: string;
  columns: Column[];
  /** Numbers of the columns of its primary key; empty without one. */
  primaryKey: number[];
  /** The partitioned table at the top, of a partition. */
  top?: { oid: string; key: string };
}

interface Row {
  oid: string;
  schema: string;
  name: string;
  columns: Column[];
  primary_key: number[] | null;
  top_oid: string | null;
  top_schema: string;
  top_name: string;
}

/** The user's tables that hold rows of their own, by OID; partitions are such, the partitioned table is not. */
export async function shapes(client: Client): Promise<Map<string, Shape>> {
  const { rows } = await client.query<Row>(`
    WITH RECURSIVE top AS (
      SELECT c.oid, c.oid AS top FROM pg_catalog.pg_class c WHERE c.relkind = 'p' AND NOT c.relispartition
      UNION ALL
      SELECT i.inhrelid, top.top FROM top
      JOIN pg_catalog.pg_inherits i ON i.inhparent = top.oid
      JOIN pg_catalog.pg_class c ON c.oid = i.inhrelid AND c.relispartition)
    SELECT c.oid::text, n.nspname AS schema, c.relname AS name,
      (SELECT coalesce(json_agg(json_build_object('number', a.attnum, 'name', a.attname, 'generated', a.attgenerated <> '')
                                ORDER BY a.attnum), '[]')
       FROM pg_catalog.pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped) AS columns,
      (SELECT json_agg(k.number ORDER BY k.place)
       FROM pg_catalog.pg_index i CROSS JOIN unnest(i.indkey) WITH ORDINALITY AS k (number, place)
       WHERE i.indrelid = c.oid AND i.indisprimary AND i.indisvalid) AS primary_key,
      t.oid::text AS top_oid, tn.nspname AS top_schema, t.relname AS top_name
    FROM pg_catalog.pg_class c
    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    LEFT JOIN top ON top.oid = c.oid
    LEFT JOIN pg_catalog.pg_class t ON t.oid = top.top
    LEFT JOIN pg_catalog.pg_namespace tn ON tn.oid = t.relnamespace
    WHERE ${userRelation(`'r'`)}
    ORDER BY 2, 3`);
  return new Map(rows.map((row) => [row.oid, shapeOf(row)]));
}

const shapeOf = ({ oid, schema, name, columns, primary_key, top_oid, top_schema, top_name }: Row): Shape => ({
  oid,
  key: keyOf(schema, name),
  from: `ONLY ${quoted(schema)}.${quoted(name)}`,
  columns,
  primaryKey: primary_key ?? [],
  ...(top_oid !== null && { top: { oid: top_oid, key: keyOf(top_schema, top_name) } }),
});

export const columnOf = ({ columns }: Shape, number: number): Column | undefined =>
  columns.find((column) => column.number === number);

/** A value as text, alike in both databases whatever its type became: `1` and `1` of float and int are equal. */
export const text = ({ name }: Column): string => `t.${quoted(name)}::text COLLATE "C"`;

/** The primary key of a row as one text; undefined where it has none. */
export function keyText(shape: Shape, numbers: readonly number[]): string | undefined {
  if (numbers.length === 0) return undefined;
  const parts = numbers.map((number) => {
    const column = columnOf(shape, number);
    return column === undefined ? undefined : `quote_literal(${text(column)})`;
  });
  return parts.every((part) => part !== undefined) ? parts.join(` || `) : undefined;
}
