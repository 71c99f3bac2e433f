import { revisionOf } from '../migrations/version-table.ts';
import { catalog, catalogHash, counts as countsOf } from '../postgres/catalog.ts';
import type { Backup } from '../domain/backup.ts';
import { Failure } from '../domain/failures.ts';
import type { ActivityContext } from './context.ts';

/**
 * Looks at a restored database from outside: rows of every table and catalog as they were when
 * writes stopped, revision as it was before the downgrade.
 *
 * @throws Failure RestoreFailed with every difference
 */
export async function assertAsBefore(
  { plan, tool, record: own, admin }: ActivityContext,
  backup: Backup | undefined,
  database: string,
): Promise<{ counts: Record<string, number>; revision: string }> {
  const record = await own.find();
  const found = await admin(
    async (client) => ({
      counts: await countsOf(client),
      catalog: catalogHash(await catalog(client)),
      revision: await revisionOf(client, tool),
    }),
    { on: database },
  );
  const faults = unequal(record?.frozen?.counts ?? backup?.counts ?? {}, found.counts);
  if (found.revision !== plan.from) faults.push(`the revision is ${found.revision}, and was ${plan.from}`);
  if (record?.frozen !== undefined && record.frozen.catalog !== found.catalog) {
    faults.push('the catalog is not the one from when writes stopped');
  }
  if (faults.length === 0) return { counts: found.counts, revision: found.revision };
  throw new Failure(
    'RestoreFailed',
    `Database ${database} is not as it was before: ${faults.slice(0, 20).join('; ')}.`,
  );
}

/** Tables whose rows differ, in words. */
export function unequal(wanted: Record<string, number>, found: Record<string, number>): string[] {
  return Object.keys({ ...wanted, ...found })
    .filter((table) => wanted[table] !== found[table])
    .map((table) => `table ${table} has ${found[table] ?? 'no'} rows, and had ${wanted[table] ?? 'no'}`);
}
