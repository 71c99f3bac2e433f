import { createHash, randomBytes } from 'node:crypto';

import { Client, escapeIdentifier } from 'pg';

import type { Lab } from '../lab/lab.ts';

/** A database of the lab's server with the two roles that this example needs. */
export interface Database {
  name: string;
  owner: string;
  /** As the application connects: the owner's role. */
  url: string;
  /** As Backstep connects: no superuser; CREATEDB, pg_signal_backend, pg_read_all_stats, member of the owner. */
  adminUrl: string;
}

/** A database with extension `vector`, closed to sessions, which any role with CREATEDB may clone. */
export const emptyTemplate = 'template_vector';

/**
 * Creates a database, in place of an earlier one of this name, with content that is made once and cloned from then on.
 * @param key what the content depends on; another key makes another template
 * @param fill called with a URL of the new, empty template when there is none for this key
 */
export async function createDatabase(
  lab: Lab,
  name: string,
  key: string,
  fill: (url: string) => Promise<void>,
): Promise<Database> {
  const template = `example_template_${createHash('sha256').update(key).digest('hex').slice(0, 12)}`;
  const { owner, admin } = rolesOf(name);
  await dropDatabase(lab, name);
  const passwords = { owner: password(), admin: password() };
  await asSuperuser(lab, 'postgres', async (sql) => {
    await makeTemplates(lab, sql, template, fill);
    await sql.query(`CREATE ROLE "${owner}" LOGIN PASSWORD '${passwords.owner}'`);
    await sql.query(`CREATE ROLE "${admin}" LOGIN CREATEDB PASSWORD '${passwords.admin}'`);
    await sql.query(`GRANT pg_signal_backend, pg_read_all_stats, "${owner}" TO "${admin}"`);
    await sql.query(`CREATE DATABASE "${name}" TEMPLATE "${template}" OWNER "${owner}"`);
    await sql.query(`COMMENT ON DATABASE "${name}" IS 'An example of Backstep'`);
    await sql.query(`ALTER DATABASE "${name}" SET timezone TO 'UTC'`);
    await sql.query(`ALTER ROLE "${owner}" IN DATABASE "${name}" SET statement_timeout TO '10min'`);
  });
  await asSuperuser(lab, name, async (sql) => {
    await sql.query(`REASSIGN OWNED BY "${template}" TO "${owner}"`);
  });
  return {
    name,
    owner,
    url: address(lab, owner, passwords.owner, name),
    adminUrl: address(lab, admin, passwords.admin, 'postgres'),
  };
}

const rolesOf = (database: string) => ({ owner: `${database}_app`, admin: `${database}_backstep` });

/** Drops the database, its roles, and whatever these two roles or a rollback made of it. */
export async function dropDatabase(lab: Lab, name: string): Promise<void> {
  const { owner, admin } = rolesOf(name);
  await asSuperuser(lab, 'postgres', async (sql) => {
    const { rows } = await sql.query<{ datname: string }>(
      `SELECT datname FROM pg_database
       WHERE datname = $1 OR pg_get_userbyid(datdba) IN ($2, $3)`,
      [name, owner, admin],
    );
    for (const { datname } of rows) {
      await sql.query(`ALTER DATABASE ${escapeIdentifier(datname)} IS_TEMPLATE false`);
      await sql.query(`DROP DATABASE ${escapeIdentifier(datname)} WITH (FORCE)`);
    }
    await sql.query(`DROP ROLE IF EXISTS "${admin}"`);
    await sql.query(`DROP ROLE IF EXISTS "${owner}"`);
  });
}

async function makeTemplates(
  lab: Lab,
  sql: Client,
  template: string,
  fill: (url: string) => Promise<void>,
): Promise<void> {
  // Tests install side by side: the first one makes the template, the others wait for it.
  await sql.query('SELECT pg_advisory_lock(hashtext($1))', ['templates of the examples']);
  try {
    await makeTemplate(lab, sql, emptyTemplate, async () => {});
    await makeTemplate(lab, sql, template, async (building) => {
      const secret = password();
      await sql.query(`DROP ROLE IF EXISTS "${template}"`);
      await sql.query(`CREATE ROLE "${template}" LOGIN PASSWORD '${secret}'`);
      // Not the owner of the database: REASSIGN OWNED in a clone would otherwise take the template too.
      await asSuperuser(lab, building, (db) => db.query(`GRANT CREATE ON SCHEMA public TO "${template}"`));
      await fill(address(lab, template, secret, building));
      await asSuperuser(lab, building, (db) => db.query(`REVOKE CREATE ON SCHEMA public FROM "${template}"`));
      await sql.query(`ALTER ROLE "${template}" NOLOGIN`);
    });
  } finally {
    await sql.query('SELECT pg_advisory_unlock_all()');
  }
}

/** The name appears last: a template of this name is complete. */
async function makeTemplate(
  lab: Lab,
  sql: Client,
  name: string,
  fill: (building: string) => Promise<void>,
): Promise<void> {
  const found = await sql.query('SELECT FROM pg_database WHERE datname = $1', [name]);
  if (found.rowCount) return;
  const building = `${name}_building`;
  await sql.query(`DROP DATABASE IF EXISTS "${building}" WITH (FORCE)`);
  await sql.query(`CREATE DATABASE "${building}"`);
  await asSuperuser(lab, building, async (db) => {
    // Only the server of a test lacks it, and only an application that does not need it runs there.
    const vector = await db.query(`SELECT FROM pg_available_extensions WHERE name = 'vector'`);
    if (vector.rowCount) await db.query('CREATE EXTENSION vector');
  });
  await fill(building);
  await sql.query(`ALTER DATABASE "${building}" ALLOW_CONNECTIONS false`);
  await sql.query(
    'SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = $1 AND backend_type = $2',
    [building, 'client backend'],
  );
  await sql.query(`ALTER DATABASE "${building}" RENAME TO "${name}"`);
  await sql.query(`ALTER DATABASE "${name}" IS_TEMPLATE true`);
}

async function asSuperuser<T>(lab: Lab, database: string, work: (sql: Client) => Promise<T>): Promise<T> {
  const url = new URL(lab.postgres.superuserUrl);
  url.pathname = `/${database}`;
  const client = new Client({ connectionString: url.href });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

/** With characters that a URL must escape: a reader that does not unescape them fails here, not in production. */
function password(): string {
  return `${randomBytes(12).toString('hex')}@%/`;
}

function address(lab: Lab, role: string, secret: string, database: string): string {
  const { host, port } = lab.postgres;
  return `postgresql://${encodeURIComponent(role)}:${encodeURIComponent(secret)}@${host}:${port}/${database}`;
}
