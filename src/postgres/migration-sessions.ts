import type { Client } from './connect.ts';

/**
 * Sessions that are in the midst of a migration, in words: they hold a lock on Alembic's version table, which
 * a migration reads first and writes last, all in one transaction unless it commits half-way.
 *
 * @param client a session on the database, as a role that may see the application's sessions
 * @param versionTable `alembic_version`, or `schema.table`
 */
export async function migrationSessions(client: Client, versionTable: string): Promise<string[]> {
  const { rows } = await client.query<{ words: string }>(
    `SELECT DISTINCT ON (a.pid) format('pid %s, role %s, "%s", %s for %s s: it holds %s on %s', a.pid, a.usename,
              a.application_name, coalesce(a.state, 'in a state that may not be seen'),
              coalesce(round(extract(epoch FROM now() - a.xact_start))::text, '?'), l.mode, c.relname) AS words
     FROM pg_catalog.pg_locks l
     JOIN pg_catalog.pg_class c ON c.oid = l.relation AND c.relname = $1
     JOIN pg_catalog.pg_database d ON d.oid = l.database AND d.datname = current_database()
     JOIN pg_catalog.pg_stat_activity a ON a.pid = l.pid
     WHERE l.pid <> pg_backend_pid() AND l.granted
     ORDER BY a.pid, l.mode DESC`,
    [versionTable.split('.').at(-1)],
  );
  return rows.map(({ words }) => words);
}
