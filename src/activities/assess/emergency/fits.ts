import { withClient } from '../../../postgres/connect.ts';
import type { OperationId } from '../../../domain/names.ts';
import type { ServiceDefinition } from '../../../domain/definition/service.ts';
import { sourceName } from '../../../domain/plan/source.ts';
import { carefully, type ServerFacts } from '../server.ts';
import type { Faults } from '../faults.ts';
import type { Found } from './source.ts';

/**
 * Proves that what was read is of this service, and that this server can take it: tables of the definition, roles,
 * extensions. A dump of another database restores well, and then nothing works.
 */
export async function proveFits(
  service: ServiceDefinition,
  operation: OperationId,
  found: Found,
  { facts, faults, notes }: { facts: ServerFacts; faults: Faults; notes: string[] },
): Promise<void> {
  const { source, tables, roles } = found;
  const name = sourceName(source);
  const missing = service.database.tables
    .map((table) => table.replace(/^public\./, ''))
    .filter((table) => !tables.includes(table) && source.counts[table] === undefined);
  if (missing.length > 0) {
    faults.add(
      'SourceUnusable',
      `${name} holds no table ${missing.join(', ')} of the definition: it is of another database, or of a part of this one. It holds: ${tables.slice(0, 20).join(', ') || 'none'}.`,
    );
  }
  for (const extension of service.database.extensions) {
    if (!source.extensions.includes(extension))
      faults.add('SourceUnusable', `${name} has no extension ${extension}, which the definition wants.`);
  }
  await faults.try(() =>
    withClient(facts.adminUrl, { ...carefully, operation }, async (admin) => {
      const there = await admin.query<{ name: string }>(
        'SELECT rolname AS name FROM pg_catalog.pg_roles WHERE rolname = ANY ($1)',
        [roles],
      );
      const absent = roles.filter((role) => there.rows.every((row) => row.name !== role));
      if (absent.length > 0)
        faults.add(
          'SourceUnusable',
          `${name} names roles that this server has not: ${absent.join(', ')}. Create them (CREATE ROLE …), or restore another one.`,
        );
      const known = await admin.query<{ name: string; byAdmin: boolean }>(
        `SELECT name, bool_or(trusted OR NOT superuser) AS "byAdmin"
         FROM pg_catalog.pg_available_extension_versions WHERE name = ANY ($1) GROUP BY 1`,
        [source.extensions],
      );
      for (const extension of source.extensions) {
        const version = known.rows.find((row) => row.name === extension);
        if (version === undefined)
          faults.add('SourceUnusable', `This server has no extension ${extension}, which ${name} needs.`);
        else if (!version.byAdmin && !facts.admin.superuser && service.database.extensionAdmin === undefined)
          faults.add(
            'DatabaseRightMissing',
            `Extension ${extension} is not trusted: name a connection that may create it as database.extensionAdmin.`,
          );
      }
    }),
  );
  if (source.kind !== 'file') return;
  const major = Number(source.serverVersion.split('.')[0]);
  if (major > facts.serverMajor)
    notes.push(
      `${name} is of PostgreSQL ${source.serverVersion}, and the server is ${facts.serverMajor}: what only the newer one knows will fail, beside, with nothing lost.`,
    );
}
