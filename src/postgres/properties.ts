import { Failure } from '../domain/failures.ts';
import { quoted, type Client } from './connect.ts';

/** Quotes a value; for statements that take no parameters. */
export const literal = (value: string): string =>
  value.includes('\\')
    ? ` E'${value.replaceAll('\\', '\\\\').replaceAll("'", "''")}'`
    : `'${value.replaceAll("'", "''")}'`;

interface Row {
  owner: string;
  encoding: string;
  collate: string;
  ctype: string;
  tablespace: string;
  connlimit: number;
  /** The whole row as JSON: columns for locales differ between majors. */
  all: {
    datlocprovider?: string;
    datlocale?: string | null;
    daticulocale?: string | null;
    daticurules?: string | null;
  };
}

/** Owner of a database, and the clauses by which CREATE DATABASE makes one like it. */
export async function propertiesOf(
  admin: Client,
  database: string,
): Promise<{ owner: string; clauses: string[] }> {
  const { rows } = await admin.query<Row>(
    `SELECT pg_get_userbyid(d.datdba) AS owner, pg_encoding_to_char(d.encoding) AS encoding, d.datcollate AS collate,
            d.datctype AS ctype, t.spcname AS tablespace, d.datconnlimit AS connlimit, to_jsonb(d) AS all
     FROM pg_catalog.pg_database d JOIN pg_catalog.pg_tablespace t ON t.oid = d.dattablespace WHERE d.datname = $1`,
    [database],
  );
  const row = rows[0];
  if (row === undefined)
    throw new Failure('DatabaseInvalid', `There is no database ${database} on the server.`);
  const { datlocprovider, datlocale, daticulocale, daticurules } = row.all;
  const locale = datlocale ?? daticulocale ?? undefined;
  const clauses = [
    // Even the default one may not be named without a grant on it.
    ...(row.tablespace === 'pg_default' ? [] : [`TABLESPACE ${quoted(row.tablespace)}`]),
    `ENCODING ${literal(row.encoding)}`,
    `LC_COLLATE ${literal(row.collate)}`,
    `LC_CTYPE ${literal(row.ctype)}`,
    `CONNECTION LIMIT ${row.connlimit}`,
  ];
  if (datlocprovider === 'i') clauses.push('LOCALE_PROVIDER icu', `ICU_LOCALE ${literal(locale ?? '')}`);
  if (datlocprovider === 'b')
    clauses.push('LOCALE_PROVIDER builtin', `BUILTIN_LOCALE ${literal(locale ?? '')}`);
  if (datlocprovider === 'c') clauses.push('LOCALE_PROVIDER libc');
  if (daticurules) clauses.push(`ICU_RULES ${literal(daticurules)}`);
  return { owner: row.owner, clauses };
}

interface Setting {
  role: string | null;
  name: string;
  value: string;
}

/**
 * Gives a database what neither a dump nor a clone takes along: its privileges, its comment, ALTER DATABASE …
 * SET and ALTER ROLE … IN DATABASE … SET.
 *
 * @returns what could not be carried over, in words with the command for a person
 */
export async function carryOver(admin: Client, from: string, to: string): Promise<string[]> {
  const left = await carryPrivileges(admin, from, to);
  const comment = await commentOf(admin, from);
  if (comment !== null) {
    left.push(...(await attempt(admin, [`COMMENT ON DATABASE ${quoted(to)} IS ${literal(comment)}`])));
  }
  for (const { role, name, value } of await settingsOf(admin, from)) {
    const subject =
      role === null ? `DATABASE ${quoted(to)}` : `ROLE ${quoted(role)} IN DATABASE ${quoted(to)}`;
    const statements = [
      // A role may change its own settings; the admin becomes it for that moment.
      ...(role === null ? [] : [`SET LOCAL ROLE ${quoted(role)}`]),
      // FROM CURRENT leaves the quoting of lists such as search_path to the server.
      `SELECT pg_catalog.set_config(${literal(name)}, ${literal(value)}, true)`,
      `ALTER ${subject} SET ${name.split('.').map(quoted).join('.')} FROM CURRENT`,
    ];
    left.push(...(await attempt(admin, statements, `ALTER ${subject} SET ${name} TO ${literal(value)}`)));
  }
  return left;
}

/** Gives a database the privileges of another one, PUBLIC's included. */
export async function carryPrivileges(admin: Client, from: string, to: string): Promise<string[]> {
  const left = await attempt(admin, [`REVOKE ALL ON DATABASE ${quoted(to)} FROM PUBLIC`]);
  for (const { grantee, privilege, grantable } of await privilegesOf(admin, from)) {
    const whom = grantee === null ? 'PUBLIC' : quoted(grantee);
    const option = grantable ? ' WITH GRANT OPTION' : '';
    left.push(
      ...(await attempt(admin, [`GRANT ${privilege} ON DATABASE ${quoted(to)} TO ${whom}${option}`])),
    );
  }
  return left;
}

/** Runs statements in one transaction; a refusal is no failure of the whole, but is told. */
async function attempt(
  admin: Client,
  statements: string[],
  describe = statements.join('; '),
): Promise<string[]> {
  await admin.query('BEGIN');
  try {
    for (const statement of statements) await admin.query(statement);
    await admin.query('COMMIT');
    return [];
  } catch (error) {
    await admin.query('ROLLBACK');
    return [`Not carried over (${error instanceof Error ? error.message : String(error)}): ${describe}`];
  }
}

async function privilegesOf(admin: Client, database: string) {
  const { rows } = await admin.query<{ grantee: string | null; privilege: string; grantable: boolean }>(
    `SELECT CASE x.grantee WHEN 0 THEN NULL ELSE pg_get_userbyid(x.grantee) END AS grantee, x.privilege_type AS privilege,
            x.is_grantable AS grantable
     FROM pg_catalog.pg_database d, aclexplode(coalesce(d.datacl, acldefault('d', d.datdba))) x
     WHERE d.datname = $1 AND x.grantee <> d.datdba`,
    [database],
  );
  return rows;
}

/** What PUBLIC may do on a database: `CONNECT` and `TEMPORARY` unless somebody changed it. */
export async function publicPrivileges(admin: Client, database: string): Promise<string[]> {
  const all = await privilegesOf(admin, database);
  return all.filter(({ grantee }) => grantee === null).map(({ privilege }) => privilege);
}

async function commentOf(admin: Client, database: string): Promise<string | null> {
  const { rows } = await admin.query<{ comment: string | null }>(
    `SELECT shobj_description(oid, 'pg_database') AS comment FROM pg_catalog.pg_database WHERE datname = $1`,
    [database],
  );
  return rows[0]?.comment ?? null;
}

async function settingsOf(admin: Client, database: string): Promise<Setting[]> {
  const { rows } = await admin.query<Setting>(
    `SELECT r.rolname AS role, split_part(c, '=', 1) AS name, substr(c, strpos(c, '=') + 1) AS value
     FROM pg_catalog.pg_db_role_setting s
     JOIN pg_catalog.pg_database d ON d.oid = s.setdatabase
     LEFT JOIN pg_catalog.pg_roles r ON r.oid = s.setrole
     CROSS JOIN unnest(s.setconfig) c
     WHERE d.datname = $1 ORDER BY 1, 2`,
    [database],
  );
  return rows;
}
