import { Failure } from '../../domain/failures.ts';
import { shortHash } from '../../domain/plan/hash.ts';
import type { QueryPlan } from '../../domain/query-plans.ts';
import type { Client } from '../connect.ts';
import { inSnapshot, keyOf } from '../tables.ts';
import { bigTable } from './indexes.ts';

/** A node of EXPLAIN (VERBOSE, FORMAT JSON), as far as it is read. */
interface Node {
  'Node Type': string;
  'Total Cost': number;
  Schema?: string;
  'Relation Name'?: string;
  'Index Name'?: string;
  Plans?: Node[];
}

/**
 * Asks the planner how it would answer each query; nothing is executed (runbook, Scenario 3, "Analyze query
 * plans"). Each in a read-only transaction of its own: one that cannot be planned is named in `failed`.
 */
export async function plansOf(
  client: Client,
  queries: readonly { name: string; query: string }[],
): Promise<{ plans: QueryPlan[]; failed: string[] }> {
  const plans: QueryPlan[] = [];
  const failed: string[] = [];
  for (const asked of queries) {
    try {
      plans.push(await inSnapshot(client, () => planOf(client, asked)));
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      failed.push(`query “${asked.name}”: ${error.message}`);
    }
  }
  return { plans, failed };
}

async function planOf(client: Client, { name, query }: { name: string; query: string }): Promise<QueryPlan> {
  const { rows } = await client.query<{ 'QUERY PLAN': [{ Plan: Node }] }>({
    // Prepared, so that it is one statement and no more.
    name: `plan ${shortHash(query)}`,
    text: `EXPLAIN (VERBOSE, FORMAT JSON) ${query}`,
  });
  const root = rows[0]?.['QUERY PLAN'][0].Plan;
  if (root === undefined) throw new Error(`EXPLAIN answered nothing for ${name}`);
  const nodes = allOf(root);
  const cost = root['Total Cost'];
  // Below a LIMIT a scan may end early: it counts where most of it is paid.
  const read = nodes.filter(
    (node) => node['Node Type'].endsWith('Seq Scan') && cost >= node['Total Cost'] / 2,
  );
  return {
    name,
    cost,
    scanned: await bigOf(client, read),
    indexes: [
      ...new Set(nodes.map((node) => node['Index Name']).filter((index) => index !== undefined)),
    ].toSorted(),
  };
}

const allOf = (node: Node): Node[] => [node, ...(node.Plans ?? []).flatMap(allOf)];

/** Those of these tables that are big, with the rows that the planner believes in. */
async function bigOf(client: Client, read: Node[]): Promise<QueryPlan['scanned']> {
  const found = new Map<string, number>();
  for (const node of read) {
    const [schema, table] = [node.Schema ?? 'public', node['Relation Name'] ?? ''];
    const { rows } = await client.query<{ rows: number }>(
      `SELECT c.reltuples::float8 AS rows FROM pg_catalog.pg_class c
       JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = $1 AND c.relname = $2`,
      [schema, table],
    );
    const size = rows[0]?.rows ?? 0;
    if (size >= bigTable) found.set(keyOf(schema, table), size);
  }
  return [...found].map(([table, rows]) => ({ table, rows }));
}
