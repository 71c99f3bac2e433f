import { quoted, type Client } from './connect.ts';

/** A job of pg_cron that runs in a database. */
export interface ScheduledQuery {
  job: string;
  name: string;
  role: string;
  active: boolean;
  /** cron.alter_job is granted by hand only; without it the job cannot be paused. */
  mayChange: boolean;
}

/** Whether pg_cron keeps its jobs in the database of this session, and this role may look at them. */
export async function keepsCronJobs(client: Client): Promise<'yes' | 'no' | 'unseen'> {
  const { rows } = await client.query<{ readable: boolean }>(
    `SELECT has_schema_privilege(n.oid, 'USAGE') AND has_table_privilege(c.oid, 'SELECT') AS readable
     FROM pg_catalog.pg_extension x
     JOIN pg_catalog.pg_depend d ON d.refobjid = x.oid AND d.deptype = 'e' AND d.classid = 'pg_class'::regclass
     JOIN pg_catalog.pg_class c ON c.oid = d.objid AND c.relname = 'job'
     JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace AND n.nspname = 'cron'
     WHERE x.extname = 'pg_cron'`,
  );
  const [found] = rows;
  if (found === undefined) return 'no';
  return found.readable ? 'yes' : 'unseen';
}

/**
 * The jobs that run in a database. Row security shows a role only its own ones, so each role that this session
 * may take is asked; jobs of others stay unseen.
 *
 * @param client a session on the database that keeps cron.job
 */
export async function scheduledQueries(client: Client, database: string): Promise<ScheduledQuery[]> {
  const found = new Map<string, ScheduledQuery>();
  for (const role of await rolesToTake(client)) {
    const rows = await as(client, role, async () => {
      const answer = await client.query<ScheduledQuery>(
        `SELECT jobid::text AS job, coalesce(to_jsonb(j) ->> 'jobname', left(command, 60)) AS name, username AS role, active,
                has_function_privilege(f.oid, 'EXECUTE') AS "mayChange"
         FROM cron.job j, pg_catalog.pg_proc f JOIN pg_catalog.pg_namespace n ON n.oid = f.pronamespace
         WHERE n.nspname = 'cron' AND f.proname = 'alter_job' AND j.database = $1
         ORDER BY jobid`,
        [database],
      );
      return answer.rows;
    });
    for (const row of rows) found.set(row.job, row);
  }
  return [...found.values()];
}

/** Wants a job active or not. */
export async function setActive(
  client: Client,
  job: string,
  active: boolean,
): Promise<'written' | 'as wanted' | 'gone'> {
  for (const role of await rolesToTake(client)) {
    const done = await as(client, role, async () => {
      const { rows } = await client.query<{ active: boolean }>(
        'SELECT active FROM cron.job WHERE jobid = $1',
        [job],
      );
      if (rows[0] === undefined) return undefined;
      if (rows[0].active === active) return 'as wanted';
      await client.query('SELECT cron.alter_job($1::bigint, active := $2)', [job, active]);
      return 'written';
    });
    if (done !== undefined) return done;
  }
  return 'gone';
}

async function rolesToTake(client: Client): Promise<string[]> {
  const { rows } = await client.query<{ role: string }>(
    `SELECT r.rolname AS role FROM pg_catalog.pg_roles r, pg_catalog.pg_roles me
     WHERE me.rolname = session_user AND (r.oid = me.oid OR NOT me.rolsuper AND r.rolname !~ '^pg_' AND
       pg_has_role(me.oid, r.oid, CASE WHEN current_setting('server_version_num')::int >= 160000 THEN 'SET' ELSE 'MEMBER' END))
     ORDER BY r.oid = me.oid DESC, 1`,
  );
  return rows.map(({ role }) => role);
}

/** Backstep's sessions have row security off, which would turn the policy of cron.job into an error. */
async function as<T>(client: Client, role: string, use: () => Promise<T>): Promise<T> {
  await client.query('BEGIN');
  try {
    await client.query(`SET LOCAL ROLE ${quoted(role)}; SET LOCAL row_security = on`);
    const answer = await use();
    await client.query('COMMIT');
    return answer;
  } catch (error) {
    await client.query('ROLLBACK');
    throw error;
  }
}
