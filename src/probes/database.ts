import { readSecret } from '../kubernetes/secrets.ts';
import { withClient, withDatabase, type Client } from '../postgres/connect.ts';
import { serverOf } from '../postgres/databases.ts';
import { damageIn } from '../postgres/damage.ts';
import { revisionsOf } from '../migrations/version-table.ts';
import { keyOf } from '../postgres/tables.ts';
import { relations, userRelation } from '../postgres/user-objects.ts';
import { fault, type Fault } from '../domain/failures.ts';
import { faultIf, found, lacking, looking, type Findings } from './findings.ts';
import type { ProbeContext } from './context.ts';
import { carefully, secretName, type ServerFacts } from './server.ts';

/** What the application's own connection shows. */
export interface DatabaseFacts {
  role: string;
  /** Revisions in the version table; none is `base`. Of a damaged one that may be so: `unreadable`. */
  revisions: string[];
  /** Tables of the definition that are there. */
  tables: string[];
}

interface TableRow {
  schema: string;
  name: string;
  readable: boolean;
  /** Row security applies to the application's role: it would count and dump only what it may see. */
  filtered: boolean;
}

/**
 * Looks at the database as the application does, and proves that all of it can be counted and dumped, and
 * that its extensions could be made again in a restored one (runbook, Steps 3 and 5).
 *
 * @param mayMiss tables and extensions of the definition may be gone, or damaged: then it is restored for that very
 *   reason
 */
export async function lookAtDatabase(
  context: ProbeContext,
  facts: ServerFacts,
  { mayMiss = false }: { mayMiss?: boolean } = {},
): Promise<Findings<DatabaseFacts>> {
  const { service, operation } = context;
  const url = withDatabase(facts.applicationUrl, facts.now);
  const look = (client: Client) => lookBy(client, context, facts, mayMiss);
  return looking(
    () => withClient(url, { ...carefully, operation }, look),
    secretName(service, service.database.url),
  );
}

async function lookBy(
  client: Client,
  context: ProbeContext,
  facts: ServerFacts,
  mayMiss: boolean,
): Promise<Findings<DatabaseFacts>> {
  const { service, tool } = context;
  const { url, admin } = service.database;
  const server = await serverOf(client);
  if (server.id !== facts.server) {
    const both = `${secretName(service, url)} and ${secretName(service, admin)}`;
    return lacking([fault('DatabaseInvalid', `${both} lead to two different servers.`)]);
  }
  const orElse =
    <T>(instead: T) =>
    (error: unknown) => {
      if (!mayMiss || damageIn(error) === undefined) throw error;
      return instead;
    };
  const all = await tablesOf(client).catch(orElse<TableRow[]>([]));
  const seen = new Set(all.map(({ schema, name }) => keyOf(schema, name)));
  const tables = service.database.tables.map(withoutPublic);
  // Past the downgrade of an unfinished operation they may be gone, as they should.
  const complete = !mayMiss && facts.record?.pivotAt === undefined;
  const missing = complete ? tables.filter((table) => !seen.has(table)) : [];
  const extensions = await proveExtensions(client, context, facts, complete);
  return found(
    {
      role: server.role,
      revisions: await revisionsOf(client, tool).catch(orElse(['unreadable'])),
      tables: tables.filter((table) => seen.has(table)),
    },
    {
      faults: [
        ...missing.map((table) => fault('DatabaseInvalid', `There is no table ${table} in ${facts.name}.`)),
        ...proveReadable(server.role, all),
        ...extensions,
      ],
    },
  );
}

const withoutPublic = (table: string): string => table.replace(/^public\./, '');

async function tablesOf(client: Client): Promise<TableRow[]> {
  const { rows } = await client.query<TableRow>(
    `SELECT n.nspname AS schema, c.relname AS name,
            has_schema_privilege(n.oid, 'USAGE') AND has_table_privilege(c.oid, 'SELECT') AS readable,
            c.relrowsecurity AND NOT r.rolsuper AND NOT r.rolbypassrls
              AND (c.relforcerowsecurity OR NOT pg_has_role(c.relowner, 'USAGE')) AS filtered
     FROM ${relations} JOIN pg_catalog.pg_roles r ON r.rolname = current_user
     WHERE ${userRelation(`'r', 'p', 'S'`)}`,
  );
  return rows;
}

function proveReadable(role: string, tables: TableRow[]): Fault[] {
  const names = (of: TableRow[]) => of.map(({ schema, name }) => keyOf(schema, name)).join(', ');
  const unreadable = tables.filter(({ readable }) => !readable);
  const filtered = tables.filter((table) => table.readable && table.filtered);
  return [
    ...faultIf(
      unreadable.length > 0,
      'DatabaseRightMissing',
      `Role ${role} may not read ${names(unreadable)}: they could be neither counted nor backed up. GRANT SELECT on them to it.`,
    ),
    ...faultIf(
      filtered.length > 0,
      'DatabaseRightMissing',
      `Row security hides rows of ${names(filtered)} from role ${role}: a backup would miss them. ALTER ROLE "${role}" BYPASSRLS.`,
    ),
  ];
}

/** A restored database needs the extensions again; one that is not trusted is made by a superuser only. */
async function proveExtensions(
  client: Client,
  { cluster, service, operation }: ProbeContext,
  facts: ServerFacts,
  complete: boolean,
): Promise<Fault[]> {
  const { rows } = await client.query<{ name: string; trusted: boolean }>(
    `SELECT x.extname AS name, coalesce(bool_or(v.trusted OR NOT v.superuser), false) AS trusted
     FROM pg_catalog.pg_extension x
     LEFT JOIN pg_catalog.pg_available_extension_versions v ON v.name = x.extname
     WHERE x.extname <> 'plpgsql' GROUP BY 1`,
  );
  const there = new Set(rows.map(({ name }) => name));
  const faults = (complete ? service.database.extensions : [])
    .filter((name) => !there.has(name))
    .map((name) => fault('DatabaseInvalid', `There is no extension ${name} in ${facts.name}.`));
  const untrusted = rows.filter(({ trusted }) => !trusted).map(({ name }) => name);
  if (untrusted.length === 0 || facts.admin.superuser) return faults;
  const reference = service.database.extensionAdmin;
  if (reference === undefined) {
    const text = `Extension ${untrusted.join(', ')} is not trusted, and role ${facts.admin.role} is no superuser: a restored database could not have it.`;
    const next = 'Name a connection that may create it as database.extensionAdmin.';
    return [...faults, fault('DatabaseRightMissing', `${text} ${next}`)];
  }
  const where = secretName(service, reference);
  const other = await looking(async () => {
    const url = await readSecret(cluster, service.namespace, reference);
    return found(await withClient(url, { ...carefully, operation }, serverOf));
  }, where);
  return [
    ...faults,
    ...other.faults,
    ...faultIf(
      other.facts !== undefined && other.facts.id !== facts.server,
      'DatabaseInvalid',
      `${where} leads to another server than the database's.`,
    ),
  ];
}
