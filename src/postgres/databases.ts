import { Failure } from '../domain/failures.ts';
import { siblingName, type OperationId } from '../domain/names.ts';
import { allowConnections, close } from './fence.ts';
import { quoted, withClient, withDatabase, type Client } from './connect.ts';
import { carryPrivileges, literal, propertiesOf } from './properties.ts';

/** An extension, and the schema that must be there before it; undefined where it makes its own. */
export interface Extension {
  name: string;
  version?: string;
  schema?: { name: string; owner: string };
}

export interface NewDatabase {
  name: string;
  /** An existing database: its owner, encoding, locale and tablespace are taken. */
  like: string;
  /** Extensions that the new database gets; those of `like` are read by the caller. */
  extensions: readonly Extension[];
  /** The URL of `admin`, any database. */
  adminUrl: string;
  /** A role that may create extensions which are not trusted; used for nothing else. */
  extensionAdminUrl?: string | undefined;
  operation: OperationId;
}

/**
 * Creates an empty database beside another one, from template0, with its owner, privileges and extensions.
 *
 * @throws Failure DatabaseRightMissing, DatabaseInvalid (an extension that the server has not)
 */
export async function createDatabase(admin: Client, wanted: NewDatabase): Promise<void> {
  assertOperationDatabase(wanted.name, wanted.operation);
  const { owner, clauses } = await propertiesOf(admin, wanted.like);
  await admin.query(
    `CREATE DATABASE ${quoted(wanted.name)} TEMPLATE template0 OWNER ${quoted(owner)} ${clauses.join(' ')}`,
  );
  await carryPrivileges(admin, wanted.like, wanted.name);
  await createExtensions(wanted);
}

async function createExtensions({
  name,
  adminUrl,
  extensionAdminUrl,
  extensions,
  operation,
}: NewDatabase): Promise<void> {
  const missing = extensions.filter((extension) => extension.name !== 'plpgsql');
  if (missing.length === 0) return;
  const url = withDatabase(adminUrl, name);
  const trusted = await withClient(url, { operation }, async (client) => {
    const { rows } = await client.query<{ name: string }>(
      `SELECT DISTINCT v.name FROM pg_catalog.pg_available_extension_versions v
       WHERE v.trusted OR NOT v.superuser
          OR (SELECT rolsuper FROM pg_catalog.pg_roles WHERE rolname = current_user)`,
    );
    return new Set(rows.map((row) => row.name));
  });
  const byAdmin = missing.filter((extension) => trusted.has(extension.name));
  const byOther = missing.filter((extension) => !trusted.has(extension.name));
  if (byOther.length > 0 && extensionAdminUrl === undefined) {
    throw new Failure(
      'DatabaseRightMissing',
      `Extension ${byOther.map((extension) => extension.name).join(', ')} is not trusted: only a superuser creates it. ` +
        'Name such a connection as database.extensionAdmin in the service definition.',
    );
  }
  await withClient(url, { operation }, async (client) => {
    for (const { schema } of missing) {
      if (schema === undefined || schema.name === 'public') continue;
      await client.query(
        `CREATE SCHEMA IF NOT EXISTS ${quoted(schema.name)} AUTHORIZATION ${quoted(schema.owner)}`,
      );
    }
    await create(client, byAdmin);
  });
  if (extensionAdminUrl === undefined || byOther.length === 0) return;
  await withClient(withDatabase(extensionAdminUrl, name), { operation }, (client) => create(client, byOther));
}

async function create(client: Client, extensions: readonly Extension[]): Promise<void> {
  for (const { name, schema, version } of extensions) {
    const statement = `CREATE EXTENSION IF NOT EXISTS ${quoted(name)}${schema === undefined ? '' : ` SCHEMA ${quoted(schema.name)}`}`;
    const { rowCount } = await client.query(
      'SELECT FROM pg_catalog.pg_available_extension_versions WHERE name = $1 AND version = $2',
      [name, version],
    );
    // An old version may be in use and yet not be installable any more; then the server's default one it is.
    await client.query(
      rowCount ? `${statement} VERSION ${literal(version ?? '')} CASCADE` : `${statement} CASCADE`,
    );
  }
}

/** The extensions of the database that the session is on, those they require first. */
export async function extensionsOf(client: Client): Promise<Extension[]> {
  const { rows } = await client.query<{
    name: string;
    version: string;
    schema: string;
    owner: string;
    own: boolean;
  }>(
    `SELECT x.extname AS name, x.extversion AS version, n.nspname AS schema, pg_get_userbyid(n.nspowner) AS owner,
            EXISTS (SELECT FROM pg_catalog.pg_depend d WHERE d.classid = 'pg_catalog.pg_namespace'::regclass
                    AND d.objid = n.oid AND d.refobjid = x.oid AND d.deptype = 'e') AS own
     FROM pg_catalog.pg_extension x JOIN pg_catalog.pg_namespace n ON n.oid = x.extnamespace ORDER BY x.oid`,
  );
  return rows.map(({ name, version, schema, owner, own }) =>
    own ? { name, version } : { name, version, schema: { name: schema, owner } },
  );
}

/** @returns undefined where there is no such database */
export async function oidOf(admin: Client, name: string): Promise<number | undefined> {
  const { rows } = await admin.query<{ oid: number }>(
    'SELECT oid FROM pg_catalog.pg_database WHERE datname = $1',
    [name],
  );
  return rows[0]?.oid;
}

export async function databaseExists(admin: Client, name: string): Promise<boolean> {
  const { rowCount } = await admin.query('SELECT FROM pg_catalog.pg_database WHERE datname = $1', [name]);
  return (rowCount ?? 0) > 0;
}

/**
 * Drops a database that this operation made for itself: a half-filled restore, scratch, a rehearsed copy, or a snapshot that no
 * record names. One that is gone already is fine.
 *
 * @throws Failure Unexpected for any other name: a restore destroys nothing (law 7)
 */
export async function dropDatabase(admin: Client, name: string, operation: OperationId): Promise<void> {
  assertOperationDatabase(name, operation);
  if (!(await databaseExists(admin, name))) return;
  await close(admin, name);
  await admin.query(`DROP DATABASE IF EXISTS ${quoted(name)} WITH (FORCE)`);
}

function assertOperationDatabase(name: string, operation: OperationId): void {
  const own = (['restored', 'scratch', 'rehearsal', 'drill', 'snapshot', 'reads'] as const).some((role) =>
    name.endsWith(siblingName('', role, operation)),
  );
  if (!own)
    throw new Failure('Unexpected', `Database ${name} was not made by ${operation}: it is left alone.`);
}

/**
 * Renames several databases in one transaction, so that a name is never without a database. Sessions on them
 * are ended first; afterwards all are open for connections.
 */
export async function swap(admin: Client, renames: readonly { from: string; to: string }[]): Promise<void> {
  for (const { from } of renames) await close(admin, from);
  await admin.query('BEGIN');
  try {
    for (const { from, to } of renames) {
      await admin.query(`ALTER DATABASE ${quoted(from)} RENAME TO ${quoted(to)}`);
    }
    await admin.query('COMMIT');
  } catch (error) {
    await admin.query('ROLLBACK');
    throw error;
  }
  for (const { to } of renames) await allowConnections(admin, to, true);
}

/** The server of a session (`system_identifier`, major version), and who asks where. */
export async function serverOf(client: Client) {
  const { rows } = await client.query<{
    id: string;
    major: number;
    database: string;
    role: string;
    superuser: boolean;
  }>(
    `SELECT s.system_identifier::text AS id, current_setting('server_version_num')::int / 10000 AS major,
            current_database() AS database, current_user AS role, r.rolsuper AS superuser
     FROM pg_catalog.pg_control_system() s, pg_catalog.pg_roles r WHERE r.rolname = current_user`,
  );
  const [row] = rows;
  if (row === undefined) throw new Error('the session has no role');
  return row;
}
