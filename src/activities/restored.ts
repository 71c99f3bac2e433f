import { revisionOf } from '../migrations/version-table.ts';
import { catalog, catalogHash, counts as countsOf, unsound } from '../postgres/catalog.ts';
import type { Backup } from '../domain/backup.ts';
import { Failure } from '../domain/failures.ts';
import type { ActivityContext } from './context.ts';
import type { Client } from '../postgres/connect.ts';
import { damagedIs } from '../postgres/damage.ts';
import { extensionsOf } from '../postgres/databases.ts';
import { countRows, inSnapshot, tables } from '../postgres/tables.ts';
import type { EmergencyPlan } from '../domain/plan/plan.ts';
import type { RestoredDatabase } from './restore-new-database/step.ts';

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

type Findings = Pick<RestoredDatabase, 'counts' | 'revision' | 'checked' | 'notVerified'>;

/**
 * Looks at a restored database from outside, and compares it with what was read in the source: rows of every table,
 * revision, extensions, sequences (runbook, Emergency Database Restore, step 5).
 *
 * @throws Failure RestoreFailed with every difference
 */
export async function assertRestored(
  context: ActivityContext<EmergencyPlan>,
  database: string,
): Promise<Findings> {
  const { service, source, target } = context.plan;
  const look = async (client: Client): Promise<Findings> => {
    const found = await inSnapshot(client, async () => {
      const all = await tables(client);
      return { all, counts: await countRows(client, all) };
    });
    const revision = await revisionOf(client, context.tool);
    const extensions = (await extensionsOf(client)).map(({ name }) => name);
    // A dump in SQL holds rows of partitions, and none of what they are partitions of.
    const parents = new Set(found.all.filter(({ partitioned }) => partitioned).map(({ key }) => key));
    const faults = rowFaults(source.counts, found.counts, parents);
    if (revision !== target) faults.push(`the revision is ${revision}, and ${target} in the source`);
    const wanted = [...new Set([...source.extensions, ...service.database.extensions])];
    for (const name of wanted.filter((each) => !extensions.includes(each)))
      faults.push(`extension ${name} is missing`);
    const sequences = source.kind === 'file' ? Object.entries(source.sequences) : [];
    faults.push(...(await sequenceFaults(client, sequences)));
    if (faults.length > 0) {
      throw new Failure(
        'RestoreFailed',
        `Database ${database} does not hold what it was restored from: ${faults.slice(0, 20).join('; ')}.`,
      );
    }
    return {
      counts: found.counts,
      revision,
      checked: [
        `rows of ${Object.keys(source.counts).length} tables equal to those in the ${sourceNames[source.kind]}`,
        `revision ${revision}`,
        ...(wanted.length > 0 ? [`extensions ${wanted.join(', ')}`] : []),
        ...(sequences.length > 0 ? [`${sequences.length} sequences`] : []),
        ...(source.kind === 'backup' ? ['schema equal to the one backed up'] : []),
      ],
      notVerified: [
        ...(source.kind === 'file'
          ? [
              'Whether the dump held all of the database when it was made: nobody compared them then.',
              'Contents of the rows: only their number was compared with the dump.',
            ]
          : []),
        ...unsound(await catalog(client)).map((what) => `${what}, as in what was restored`),
      ],
    };
  };
  return context
    .admin(look, { on: database })
    .catch(damagedIs('RestoreFailed', `What was restored, ${database},`));
}

const sourceNames = { file: 'dump', backup: 'backup', snapshot: 'snapshot' } as const;

function rowFaults(
  wanted: Record<string, number>,
  found: Record<string, number>,
  parents: ReadonlySet<string>,
): string[] {
  return Object.keys({ ...wanted, ...found })
    .filter((table) => !parents.has(table) && wanted[table] !== found[table])
    .map(
      (table) =>
        `table ${table}: ${found[table] ?? 'no'} rows restored, ${wanted[table] ?? 'none'} in the source`,
    );
}

const identifier = /^("(?:[^"]|"")+"|[^\s"'.;]+)\.("(?:[^"]|"")+"|[^\s"'.;]+)$/;

async function sequenceFaults(client: Client, wanted: [name: string, state: string][]): Promise<string[]> {
  const faults: string[] = [];
  for (const [name, state] of wanted) {
    // As pg_dump quotes it.
    if (!identifier.test(name)) continue;
    const { rows } = await client.query<{ state: string }>(
      `SELECT last_value || CASE WHEN is_called THEN ' called' ELSE '' END AS state FROM ${name}`,
    );
    if (rows[0]?.state !== state)
      faults.push(`sequence ${name} stands at ${rows[0]?.state ?? 'nothing'}, and at ${state} in the dump`);
  }
  return faults;
}
