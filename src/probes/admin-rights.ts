import type { Client } from '../postgres/connect.ts';
import { fault } from '../domain/failures.ts';
import { found, type Findings } from './findings.ts';

type Right = 'creates' | 'owns' | 'becomes' | 'signals';

/**
 * Proves that the maintenance role can fence the database off, restore it and end sessions: the undo
 * included (law 4).
 *
 * @returns the owner of the database
 */
export async function proveAdmin(admin: Client, database: string): Promise<Findings<string>> {
  const { rows } = await admin.query<Record<'role' | 'owner', string> & Record<Right, boolean>>(
    `SELECT r.rolname AS role, pg_get_userbyid(d.datdba) AS owner, r.rolsuper OR r.rolcreatedb AS creates,
            pg_has_role(d.datdba, 'USAGE') AS owns,
            pg_has_role(d.datdba, CASE WHEN current_setting('server_version_num')::int >= 160000 THEN 'SET' ELSE 'MEMBER' END) AS becomes,
            pg_has_role('pg_signal_backend', 'USAGE') AS signals
     FROM pg_catalog.pg_roles r, pg_catalog.pg_database d
     WHERE r.rolname = current_user AND d.datname = $1`,
    [database],
  );
  const [has] = rows;
  if (has === undefined) throw new Error(`the database ${database} has gone`);
  const { role, owner } = has;
  const needs: Record<Right, string> = {
    creates: `Role ${role} may not create databases, which a restore needs: ALTER ROLE "${role}" CREATEDB.`,
    owns: `Role ${role} does not have the rights of ${owner}, which owns the database: GRANT "${owner}" TO "${role}".`,
    becomes: `Role ${role} may not become ${owner}, to which a restored database belongs: GRANT "${owner}" TO "${role}" WITH SET TRUE.`,
    signals: `Role ${role} may not end sessions: GRANT pg_signal_backend TO "${role}".`,
  };
  const missing = Object.entries(needs).filter(([right]) => !has[right as Right]);
  return found(owner, { faults: missing.map(([, message]) => fault('DatabaseRightMissing', message)) });
}
