import type { ServiceDefinition } from '../../domain/definition/service.ts';
import { readSecret } from '../../kubernetes/secrets.ts';
import { withClient, withDatabase, type Client } from '../../postgres/connect.ts';
import { damageIn } from '../../postgres/damage.ts';
import { toolOf } from '../../migrations/index.ts';
import { revisionsOf } from '../../migrations/version-table.ts';
import { keyOf } from '../../postgres/tables.ts';
import { relations, userRelation } from '../../postgres/user-objects.ts';
import type { OperationId } from '../../domain/names.ts';
import type { Dependencies } from '../context.ts';
import type { Faults } from './faults.ts';
import { carefully, secretName, serverOf, type ServerFacts } from './server.ts';

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
  dependencies: Dependencies,
  service: ServiceDefinition,
  operation: OperationId,
  { facts, faults, mayMiss = false }: { facts: ServerFacts; faults: Faults; mayMiss?: boolean },
): Promise<DatabaseFacts | undefined> {
  const { applicationUrl, now } = facts;
  const where = secretName(service, service.database.url);
  return faults.try(
    () =>
      withClient(withDatabase(applicationUrl, now), { ...carefully, operation }, async (client) => {
        const server = await serverOf(client);
        if (server.id !== facts.server) {
          const admin = secretName(service, service.database.admin);
          faults.add('DatabaseInvalid', `${where} and ${admin} lead to two different servers.`);
          return undefined;
        }
        const orElse =
          <T>(instead: T) =>
          (error: unknown) => {
            if (!mayMiss || damageIn(error) === undefined) throw error;
            return instead;
          };
        const found = await tablesOf(client).catch(orElse<TableRow[]>([]));
        const seen = new Set(found.map(({ schema, name }) => keyOf(schema, name)));
        const tables = service.database.tables.map(withoutPublic);
        // Past the downgrade of an unfinished operation they may be gone, as they should.
        const all = !mayMiss && facts.record?.pivotAt === undefined;
        for (const table of all ? tables : []) {
          if (!seen.has(table)) faults.add('DatabaseInvalid', `There is no table ${table} in ${facts.name}.`);
        }
        proveReadable(server.role, found, faults);
        await proveExtensions(dependencies, service, operation, { client, facts, faults, mayMiss });
        return {
          role: server.role,
          revisions: await revisionsOf(client, toolOf(dependencies, service)).catch(orElse(['unreadable'])),
          tables: tables.filter((table) => seen.has(table)),
        };
      }),
    where,
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

function proveReadable(role: string, tables: TableRow[], faults: Faults): void {
  const names = (of: TableRow[]) => of.map(({ schema, name }) => keyOf(schema, name)).join(', ');
  const unreadable = tables.filter(({ readable }) => !readable);
  const filtered = tables.filter((table) => table.readable && table.filtered);
  if (unreadable.length > 0) {
    const words = `Role ${role} may not read ${names(unreadable)}: they could be neither counted nor backed up.`;
    faults.add('DatabaseRightMissing', `${words} GRANT SELECT on them to it.`);
  }
  if (filtered.length > 0) {
    const words = `Row security hides rows of ${names(filtered)} from role ${role}: a backup would miss them.`;
    faults.add('DatabaseRightMissing', `${words} ALTER ROLE "${role}" BYPASSRLS.`);
  }
}

/** A restored database needs the extensions again; one that is not trusted is made by a superuser only. */
async function proveExtensions(
  dependencies: Dependencies,
  service: ServiceDefinition,
  operation: OperationId,
  {
    client,
    facts,
    faults,
    mayMiss,
  }: { client: Client; facts: ServerFacts; faults: Faults; mayMiss: boolean },
): Promise<void> {
  const { rows } = await client.query<{ name: string; trusted: boolean }>(
    `SELECT x.extname AS name, coalesce(bool_or(v.trusted OR NOT v.superuser), false) AS trusted
     FROM pg_catalog.pg_extension x
     LEFT JOIN pg_catalog.pg_available_extension_versions v ON v.name = x.extname
     WHERE x.extname <> 'plpgsql' GROUP BY 1`,
  );
  const there = new Set(rows.map(({ name }) => name));
  const all = !mayMiss && facts.record?.pivotAt === undefined;
  for (const name of all ? service.database.extensions : []) {
    if (!there.has(name)) faults.add('DatabaseInvalid', `There is no extension ${name} in ${facts.name}.`);
  }
  const untrusted = rows.filter(({ trusted }) => !trusted).map(({ name }) => name);
  if (untrusted.length === 0 || facts.admin.superuser) return;
  const reference = service.database.extensionAdmin;
  if (reference === undefined) {
    const words = `Extension ${untrusted.join(', ')} is not trusted, and role ${facts.admin.role} is no superuser: a restored database could not have it.`;
    faults.add(
      'DatabaseRightMissing',
      `${words} Name a connection that may create it as database.extensionAdmin.`,
    );
    return;
  }
  const where = secretName(service, reference);
  const other = await faults.try(async () => {
    const url = await readSecret(dependencies.cluster, service.namespace, reference);
    return withClient(url, { ...carefully, operation }, serverOf);
  }, where);
  if (other !== undefined && other.id !== facts.server) {
    faults.add('DatabaseInvalid', `${where} leads to another server than the database's.`);
  }
}
