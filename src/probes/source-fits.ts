import { withClient, type Client } from '../postgres/connect.ts';
import { sourceName } from '../domain/plan/source.ts';
import { carefully, type ServerFacts } from './server.ts';
import { fault, type Fault } from '../domain/failures.ts';
import { faultIf, found, looking, type Findings } from './findings.ts';
import type { ProbeContext } from './context.ts';
import type { FoundSource } from './source.ts';

/**
 * Proves that what was read is of this service, and that this server can take it: tables of the definition, roles,
 * extensions. A dump of another database restores well, and then nothing works.
 */
export async function proveFits(
  { service, operation }: ProbeContext,
  { source, tables, roles }: FoundSource,
  facts: Pick<ServerFacts, 'adminUrl' | 'admin' | 'serverMajor'>,
): Promise<Findings<true>> {
  const name = sourceName(source);
  const missing = service.database.tables
    .map((table) => table.replace(/^public\./, ''))
    .filter((table) => !tables.includes(table) && source.counts[table] === undefined);
  const without = service.database.extensions.filter((each) => !source.extensions.includes(each));
  const ofServer = await looking(() =>
    withClient(facts.adminUrl, { ...carefully, operation }, async (admin) => {
      const absent = await absentRoles(admin, roles);
      const text = `${name} names roles that this server has not: ${absent.join(', ')}. Create them (CREATE ROLE …), or restore another one.`;
      const byAdmin = facts.admin.superuser || service.database.extensionAdmin !== undefined;
      const extensions = await extensionFaults(admin, source.extensions, { name, byAdmin });
      return found(true, {
        faults: [...faultIf(absent.length > 0, 'SourceUnusable', text), ...extensions],
      });
    }),
  );
  const newer = source.kind === 'file' && Number(source.serverVersion.split('.')[0]) > facts.serverMajor;
  return found(true, {
    faults: [
      ...faultIf(
        missing.length > 0,
        'SourceUnusable',
        `${name} holds no table ${missing.join(', ')} of the definition: it is of another database, or of a part of this one. It holds: ${tables.slice(0, 20).join(', ') || 'none'}.`,
      ),
      ...without.map((each) =>
        fault('SourceUnusable', `${name} has no extension ${each}, which the definition wants.`),
      ),
      ...ofServer.faults,
    ],
    notes: newer
      ? [
          `${name} is of PostgreSQL ${source.serverVersion}, and the server is ${facts.serverMajor}: what only the newer one knows will fail, beside, with nothing lost.`,
        ]
      : [],
  });
}

async function absentRoles(admin: Client, roles: readonly string[]): Promise<string[]> {
  const { rows } = await admin.query<{ name: string }>(
    'SELECT rolname AS name FROM pg_catalog.pg_roles WHERE rolname = ANY ($1)',
    [roles],
  );
  return roles.filter((role) => rows.every((row) => row.name !== role));
}

/** @param of.byAdmin whether somebody may create extensions that are not trusted */
async function extensionFaults(
  admin: Client,
  extensions: readonly string[],
  of: { name: string; byAdmin: boolean },
): Promise<Fault[]> {
  const { rows } = await admin.query<{ name: string; trusted: boolean }>(
    `SELECT name, bool_or(trusted OR NOT superuser) AS trusted
     FROM pg_catalog.pg_available_extension_versions WHERE name = ANY ($1) GROUP BY 1`,
    [extensions],
  );
  return extensions.flatMap((extension) => {
    const version = rows.find((row) => row.name === extension);
    if (version === undefined)
      return [fault('SourceUnusable', `This server has no extension ${extension}, which ${of.name} needs.`)];
    const text = `Extension ${extension} is not trusted: name a connection that may create it as database.extensionAdmin.`;
    return faultIf(!version.trusted && !of.byAdmin, 'DatabaseRightMissing', text);
  });
}
