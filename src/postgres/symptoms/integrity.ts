import type { Forbidden } from '../../domain/definition/diagnosis.ts';
import { quoted, type Client } from '../connect.ts';
import { inSnapshot, keyOf } from '../tables.ts';
import { userSchema } from '../user-objects.ts';

/** Counting stops here: how many more there are changes nothing. */
const countTo = 10_000;

/** A number of rows that may be cut off: `12`, `more than 10,000`. */
export const counted = (rows: number): string =>
  rows > countTo ? `more than ${countTo.toLocaleString('en')}` : rows.toLocaleString('en');

/** A constraint that was never validated: its old rows may violate it. */
export interface Unvalidated {
  /** `papers.papers_score_check`. */
  name: string;
  kind: 'check' | 'foreign key' | 'not null';
  table: string;
  /** Finds its violations; see `violations`. */
  query: string;
}

interface ConstraintRow {
  schema: string;
  table: string;
  name: string;
  kind: 'c' | 'f' | 'n';
  expression: string | null;
  columns: string[];
  parent: { schema: string; table: string; columns: string[] } | null;
}

/** Names of columns from an array of their numbers. */
const names = (keys: string, of: string) => `(
  SELECT json_agg(a.attname ORDER BY u.at) FROM unnest(${keys}) WITH ORDINALITY u (number, at)
  JOIN pg_catalog.pg_attribute a ON a.attrelid = ${of} AND a.attnum = u.number)`;

/** Constraints NOT VALID that are enforced for new rows; those NOT ENFORCED are meant so. */
export async function unvalidated(client: Client): Promise<Unvalidated[]> {
  return inSnapshot(client, async () => {
    const { rows } = await client.query<ConstraintRow>(
      `SELECT n.nspname AS schema, c.relname AS table, k.conname AS name, k.contype AS kind,
              pg_get_expr(k.conbin, k.conrelid) AS expression, ${names('k.conkey', 'k.conrelid')} AS columns,
              CASE WHEN k.contype = 'f' THEN json_build_object('schema', pn.nspname, 'table', p.relname,
                'columns', ${names('k.confkey', 'k.confrelid')}) END AS parent
       FROM pg_catalog.pg_constraint k
       JOIN pg_catalog.pg_class c ON c.oid = k.conrelid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
       LEFT JOIN pg_catalog.pg_class p ON p.oid = k.confrelid LEFT JOIN pg_catalog.pg_namespace pn ON pn.oid = p.relnamespace
       WHERE NOT k.convalidated AND k.contype IN ('c', 'f', 'n')
         AND coalesce((to_jsonb(k) ->> 'conenforced')::boolean, true)
         AND ${userSchema()}
       ORDER BY 1, 2, 3`,
    );
    return rows.map((row) => ({
      name: `${keyOf(row.schema, row.table)}.${row.name}`,
      kind: row.kind === 'f' ? 'foreign key' : row.kind === 'n' ? 'not null' : 'check',
      table: keyOf(row.schema, row.table),
      query: violationsOf(row),
    }));
  });
}

function violationsOf({ schema, table, kind, expression, columns, parent }: ConstraintRow): string {
  const from = `SELECT FROM ${quoted(schema)}.${quoted(table)} AS child`;
  if (kind === 'f' && parent !== null) {
    const pairs = columns.map((column, at) => [column, parent.columns[at] ?? ''] as const);
    return `${from} WHERE ${orphaned(pairs, `${quoted(parent.schema)}.${quoted(parent.table)}`)}`;
  }
  if (kind === 'n') return `${from} WHERE child.${quoted(columns[0] ?? '')} IS NULL`;
  return `${from} WHERE (${expression}) IS FALSE`;
}

const orphaned = (pairs: (readonly [child: string, parent: string])[], parent: string): string =>
  [
    ...pairs.map(([column]) => `child.${quoted(column)} IS NOT NULL`),
    `NOT EXISTS (SELECT FROM ${parent} AS parent WHERE ${pairs
      .map(([column, other]) => `parent.${quoted(other)} = child.${quoted(column)}`)
      .join(' AND ')})`,
  ].join(' AND ');

/** Rows that such a query finds, at most one more than are counted. */
export async function violations(client: Client, query: string): Promise<number> {
  return inSnapshot(client, async () => {
    const { rows } = await client.query<{ count: string }>(
      `SELECT count(*) FROM (${query} LIMIT ${countTo + 1}) AS found`,
    );
    return Number(rows[0]?.count);
  });
}

/** Something that the definition forbids. */
export interface Forbid {
  symptom: 'nulls' | 'duplicates' | 'orphans';
  /** `papers.title`, `papers (arxiv_id)`, `links.paper_id without papers.id`. */
  what: string;
  query: string;
}

/** What the definition forbids, each with the query that finds it. */
export function forbidden({ nulls, duplicates, orphans }: Forbidden): Forbid[] {
  return [
    ...nulls.map((each): Forbid => {
      const { table, column } = columnOf(each);
      return { symptom: 'nulls', what: each, query: `SELECT FROM ${table} WHERE ${column} IS NULL` };
    }),
    ...duplicates.map(({ table, columns }): Forbid => {
      const list = columns.map(quoted).join(', ');
      const whole = columns.map((column) => `${quoted(column)} IS NOT NULL`).join(' AND ');
      return {
        symptom: 'duplicates',
        what: `${table} (${columns.join(', ')})`,
        query: `SELECT FROM ${relation(table)} WHERE ${whole} GROUP BY ${list} HAVING count(*) > 1`,
      };
    }),
    ...orphans.map(({ column, references }): Forbid => {
      const [child, parent] = [columnOf(column), columnOf(references)];
      return {
        symptom: 'orphans',
        what: `${column} without ${references}`,
        query: `SELECT FROM ${child.table} AS child WHERE ${orphaned([[child.plain, parent.plain]], parent.table)}`,
      };
    }),
  ];
}

/** A table of the definition; one without a schema is in public. */
const relation = (name: string): string =>
  (name.includes('.') ? name : `public.${name}`).split('.').map(quoted).join('.');

function columnOf(name: string): { table: string; column: string; plain: string } {
  const at = name.lastIndexOf('.');
  const plain = name.slice(at + 1);
  return { table: relation(name.slice(0, at)), column: quoted(plain), plain };
}
