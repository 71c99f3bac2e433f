import type { Client } from '../../postgres/connect.ts';
import { keyOf } from '../../postgres/tables.ts';
import { relations, userRelation } from '../../postgres/user-objects.ts';

/** Two sessions, each in one snapshot. */
export interface Both {
  now: Client;
  restored: Client;
}

export interface Column {
  name: string;
  /** As `format_type` prints it. */
  type: string;
}

/** A table with rows of its own, as far as rows are compared. */
export interface Shape {
  schema: string;
  name: string;
  columns: Column[];
  /** Columns of the primary key, in its order; empty without one. */
  key: string[];
}

/** All user tables by their keys; a partitioned table has no rows of its own, its partitions are tables too. */
export async function shapes(client: Client): Promise<Map<string, Shape>> {
  const { rows } = await client.query<Shape>(
    `SELECT n.nspname AS schema, c.relname AS name,
            (SELECT coalesce(json_agg(json_build_object('name', a.attname, 'type', format_type(a.atttypid, a.atttypmod)) ORDER BY a.attnum), '[]')
             FROM pg_catalog.pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped) AS columns,
            coalesce((SELECT json_agg(a.attname ORDER BY k.position)
             FROM pg_catalog.pg_index i
             CROSS JOIN LATERAL unnest(i.indkey::int2[]) WITH ORDINALITY k(attnum, position)
             JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum = k.attnum
             WHERE i.indrelid = c.oid AND i.indisprimary), '[]') AS key
     FROM ${relations} WHERE ${userRelation(`'r'`)}`,
  );
  return new Map(rows.map((row) => [keyOf(row.schema, row.name), row]));
}
