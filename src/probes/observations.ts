import type { V1Pod } from '@kubernetes/client-node';
import { isReady, nameOf, troubleOf } from '../kubernetes/pods.ts';
import { counts } from '../postgres/catalog.ts';
import { withClient, withDatabase, type Client } from '../postgres/connect.ts';
import { preparedTransactions } from '../postgres/sessions.ts';
import { keyOf } from '../postgres/tables.ts';
import { defined } from '../domain/defined.ts';
import { Failure } from '../domain/failures.ts';
import type { OperationId } from '../domain/names.ts';
import type { Observations } from '../domain/plan/plan.ts';
import { found } from './findings.ts';
import type { SeenPods } from './pods.ts';
import { carefully, type ServerFacts } from './server.ts';

/** Counting stops here: an observation must not cost the application anything. */
const countWithin = 5_000;
const mostErrors = 10;

/** Documents the state before anything is touched (runbook, Pre-Rollback Checklist); no part of the plan's hash. */
export async function observe(
  operation: OperationId,
  { facts, pods }: { facts: ServerFacts; pods: readonly SeenPods[] },
): Promise<Observations> {
  const { applicationUrl, adminUrl, now } = facts;
  const url = withDatabase(applicationUrl, now);
  const limits = { ...carefully, operation };
  const [counted, bytes] = await Promise.all([
    countCarefully(url, operation),
    withClient(url, limits, databaseBytes),
  ]);
  const sessions = await withClient(adminUrl, limits, (admin) => whoIsThere(admin, now));
  return {
    counts: counted.facts,
    databaseBytes: bytes,
    sessions: sessions.facts,
    downgrades: [],
    pods: pods.flatMap((each) => each.pods.map(describe)),
    errors: [...new Set(pods.flatMap(({ lines }) => lines.slice(-mostErrors)))].slice(-mostErrors),
    notes: [...counted.notes, ...sessions.notes],
    notVerified: ['The free space for backup and restore: neither the volume nor the server tells it.'],
  };
}

async function databaseBytes(client: Client): Promise<number> {
  const { rows } = await client.query<{ bytes: string }>(
    'SELECT pg_database_size(current_database()) AS bytes',
  );
  return Number(rows[0]?.bytes);
}

/** Exact where that is quick; otherwise the planner's estimates, said to be such. */
async function countCarefully(url: string, operation: OperationId) {
  try {
    return found(
      await withClient(url, { operation, statementTimeout: countWithin, lockTimeout: 2_000 }, counts),
    );
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    const note = `Rows are estimates, for counting took too long, or met a lock or damage: ${error.message}`;
    return found(await withClient(url, { ...carefully, operation }, estimates), { notes: [note] });
  }
}

async function estimates(client: Client): Promise<Record<string, number>> {
  const { rows } = await client.query<{ schema: string; name: string; rows: number }>(
    `SELECT schemaname AS schema, relname AS name, n_live_tup::float8 AS rows
     FROM pg_catalog.pg_stat_user_tables ORDER BY 1, 2`,
  );
  return Object.fromEntries(rows.map((row) => [keyOf(row.schema, row.name), row.rows]));
}

async function whoIsThere(admin: Client, database: string) {
  const { rows: slots } = await admin.query<{ name: string }>(
    'SELECT slot_name AS name FROM pg_catalog.pg_replication_slots WHERE database = $1',
    [database],
  );
  const prepared = await preparedTransactions(admin, database);
  const { rows } = await admin.query<{
    role: string;
    application: string;
    count: number;
    superuser: boolean;
  }>(
    `SELECT r.rolname AS role, coalesce(a.application_name, '') AS application, count(*)::int AS count,
            r.rolsuper AND NOT (SELECT rolsuper FROM pg_catalog.pg_roles WHERE rolname = current_user) AS superuser
     FROM pg_catalog.pg_stat_activity a JOIN pg_catalog.pg_roles r ON r.oid = a.usesysid
     WHERE a.datname = $1 AND coalesce(a.application_name, '') NOT LIKE 'backstep%'
     GROUP BY 1, 2, 4 ORDER BY 3 DESC, 1, 2 LIMIT 50`,
    [database],
  );
  const sessions = rows.map(({ role, application, count }) => ({ role, application, count }));
  return found(sessions, {
    notes: [
      ...slots.map(
        ({ name }) =>
          `Replication slot ${name} reads from the database and stays with it: its reader sees the downgrade.`,
      ),
      ...prepared.map((name) => `There is a ${name}: writes cannot be stopped before it ends.`),
      ...rows
        .filter(({ superuser }) => superuser)
        .map(({ role }) => `Superuser ${role} has a session that only a superuser can end.`),
    ],
  });
}

function describe(pod: V1Pod): Observations['pods'][number] {
  return { name: nameOf(pod), ready: isReady(pod), ...defined({ reason: troubleOf(pod) }) };
}
