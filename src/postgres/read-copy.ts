import { Failure } from '../domain/failures.ts';
import { siblingName, type OperationId } from '../domain/names.ts';
import { isReadCopy, readCopyComment, type Names } from './fence.ts';
import { cloneDatabase, withOpenClone } from './clones.ts';
import { quoted, withClient, type Client } from './connect.ts';
import { databaseExists, dropDatabase } from './databases.ts';
import { literal } from './properties.ts';
import { relations, userRelation, userSchema } from './user-objects.ts';

export interface ReadCopyOptions extends Names {
  operation: OperationId;
  /** Role of the application, which is to read; it may be no superuser. */
  role: string;
  /** Milliseconds that copying may take. */
  within?: number;
  signal?: AbortSignal;
}

/**
 * Puts a copy from which everybody may read, and to which nobody may write, under the name of the database that is
 * fenced: an application that goes on running reaches it without a new setting (runbook, "or enable read-only
 * mode"). `default_transaction_read_only` alone would not do, for a client may turn it off; so the copy's tables
 * and schemas belong to Backstep's role, and nobody else may change them. That is looked at before it is named.
 * Run again, it finds the copy there.
 *
 * @throws Failure WritesNotStopped naming who could write to the copy: then there is none; DatabaseRightMissing,
 *   CloneRefused
 */
export async function makeReadCopy(adminUrl: string, options: ReadCopyOptions): Promise<void> {
  const { name, fencedName, operation, role, within, signal } = options;
  const to = siblingName(name, 'reads', operation);
  const asAdmin = <T>(use: (admin: Client) => Promise<T>) =>
    withClient(adminUrl, { operation, ...(signal && { signal }) }, use);
  if (await asAdmin((admin) => isReadCopy(admin, name))) return;
  await asAdmin(async (admin) => {
    if (await databaseExists(admin, name))
      throw new Failure(
        'WritesNotStopped',
        `Somebody made a database ${name} while ${fencedName} is fenced off.`,
      );
    // What an earlier attempt left may not be locked yet.
    await dropDatabase(admin, to, operation);
  });
  try {
    await cloneDatabase(adminUrl, {
      from: fencedName,
      to,
      operation,
      sourceStays: 'open',
      ...(within !== undefined && { within }),
      ...(signal && { signal }),
    });
    await withOpenClone(adminUrl, { database: to, operation, ...(signal && { signal }) }, async (client) => {
      await lock(client, role);
      await assertLocked(client, role);
    });
    await asAdmin(async (admin) => {
      const database = quoted(to);
      await admin.query(`ALTER DATABASE ${database} SET default_transaction_read_only = on`);
      await admin.query(`GRANT CONNECT ON DATABASE ${database} TO ${quoted(role)}`);
      await admin.query(`COMMENT ON DATABASE ${database} IS ${literal(readCopyComment(operation))}`);
      await admin.query(`ALTER DATABASE ${database} RENAME TO ${quoted(name)}`);
      await admin.query(`ALTER DATABASE ${quoted(name)} ALLOW_CONNECTIONS true`);
    });
  } catch (error) {
    await asAdmin((admin) => dropDatabase(admin, to, operation)).catch(() => undefined);
    throw error;
  }
}

/** Takes every object that can be written to from its owner, and gives that the right to read it. */
async function lock(client: Client, role: string): Promise<void> {
  const { rows } = await client.query<{ sql: string }>(
    `WITH objects AS (
       SELECT c.oid, format('%I.%I', n.nspname, c.relname) AS name, c.relkind, c.relowner, c.relrowsecurity AND NOT c.relforcerowsecurity AS secured
       FROM ${relations} WHERE ${userRelation(`'r', 'p', 'v', 'm', 'f', 'S'`)}),
     schemas AS (
       SELECT n.oid, format('%I', n.nspname) AS name, n.nspowner FROM pg_catalog.pg_namespace n
       WHERE ${userSchema()}),
     grantees AS (
       SELECT DISTINCT o.name, o.relkind, coalesce(quote_ident(r.rolname), 'PUBLIC') AS grantee
       FROM objects o JOIN pg_catalog.pg_class c USING (oid), aclexplode(c.relacl) x LEFT JOIN pg_catalog.pg_roles r ON r.oid = x.grantee
       WHERE x.privilege_type NOT IN ('SELECT', 'USAGE') AND pg_has_role(c.relowner, 'USAGE'))
     SELECT sql FROM (
       SELECT 1 AS step, format('ALTER DATABASE %I OWNER TO CURRENT_USER', current_database()) AS sql
       UNION ALL SELECT 2, format('ALTER SCHEMA %s OWNER TO CURRENT_USER', name) FROM schemas WHERE pg_has_role(nspowner, 'USAGE')
       UNION ALL SELECT 3, format('GRANT USAGE ON SCHEMA %s TO %I', name, $1::text) FROM schemas WHERE pg_has_role(nspowner, 'USAGE')
       UNION ALL SELECT 3, format('REVOKE CREATE ON SCHEMA %s FROM %s', s.name, coalesce(quote_ident(r.rolname), 'PUBLIC'))
         FROM schemas s JOIN pg_catalog.pg_namespace n USING (oid), aclexplode(n.nspacl) x LEFT JOIN pg_catalog.pg_roles r ON r.oid = x.grantee
         WHERE x.privilege_type = 'CREATE' AND pg_has_role(s.nspowner, 'USAGE')
       UNION ALL SELECT 4, format('REVOKE %s ON %s FROM %s', CASE relkind WHEN 'S' THEN 'UPDATE' ELSE 'INSERT, UPDATE, DELETE, TRUNCATE, REFERENCES, TRIGGER' END,
         CASE relkind WHEN 'S' THEN 'SEQUENCE ' ELSE '' END || name, grantee) FROM grantees
       UNION ALL SELECT 5, format('ALTER %s %s OWNER TO CURRENT_USER', CASE relkind WHEN 'S' THEN 'SEQUENCE' WHEN 'v' THEN 'VIEW' WHEN 'm' THEN 'MATERIALIZED VIEW' WHEN 'f' THEN 'FOREIGN TABLE' ELSE 'TABLE' END, name)
         FROM objects o WHERE pg_has_role(relowner, 'USAGE') AND NOT (relkind = 'S' AND EXISTS (
           SELECT FROM pg_catalog.pg_depend d WHERE d.classid = 'pg_catalog.pg_class'::regclass AND d.objid = o.oid AND d.deptype IN ('a', 'i')))
       UNION ALL SELECT 6, format('GRANT SELECT ON %s TO %I', CASE relkind WHEN 'S' THEN 'SEQUENCE ' ELSE '' END || name, pg_get_userbyid(relowner)) FROM objects WHERE pg_has_role(relowner, 'USAGE')
       -- Who owned a table saw all of its rows.
       UNION ALL SELECT 7, format('CREATE POLICY backstep_reads ON %s FOR SELECT TO %I USING (true)', name, pg_get_userbyid(relowner)) FROM objects WHERE secured AND pg_has_role(relowner, 'USAGE')
     ) statements ORDER BY step`,
    [role],
  );
  await client.query('BEGIN');
  for (const { sql } of rows) await client.query(sql);
  await client.query('COMMIT');
}

/**
 * Nobody but superusers and Backstep's own role may write to a table, or make one. An application that is itself a
 * superuser could, and its writes would be lost with the copy.
 */
async function assertLocked(client: Client, role: string): Promise<void> {
  const { rows } = await client.query<{ who: string }>(
    `WITH others AS (
       SELECT r.oid, r.rolname FROM pg_catalog.pg_roles r
       WHERE r.rolname = $1 OR r.rolcanlogin AND NOT r.rolsuper AND NOT pg_has_role(r.oid, current_user, 'MEMBER'))
     SELECT format('%I may write to %s', o.rolname, c.oid::regclass) AS who
     FROM others o, pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
     WHERE c.relkind IN ('r', 'p', 'f', 'v') AND ${userSchema()}
       AND (has_table_privilege(o.oid, c.oid, 'INSERT, UPDATE, DELETE, TRUNCATE') OR has_any_column_privilege(o.oid, c.oid, 'INSERT, UPDATE'))
     UNION ALL
     SELECT format('%I may create in schema %I', o.rolname, n.nspname) FROM others o, pg_catalog.pg_namespace n
     WHERE ${userSchema()} AND has_schema_privilege(o.oid, n.oid, 'CREATE')
     LIMIT 5`,
    [role],
  );
  if (rows.length > 0)
    throw new Failure(
      'WritesNotStopped',
      `A copy to read from cannot be closed to writers: ${rows.map(({ who }) => who).join('; ')}.`,
    );
}
