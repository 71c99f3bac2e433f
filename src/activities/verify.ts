import { base } from '../alembic/target.ts';
import { catalog, counts, unsound, type Catalog } from '../postgres/catalog.ts';
import { withClient } from '../postgres/connect.ts';
import type { DeedInput, DeedOutput } from '../runbook/deeds.ts';
import { Failure } from '../runbook/failures.ts';
import { applicationUrl } from './connections.ts';
import { catalogBefore } from './downgrade/before.ts';
import { revisionNow } from './downgrade/revision.ts';
import type { Attempt, Means } from './means.ts';
import { schemaAt } from './verify/expected.ts';
import { compareRows, type RowFindings } from './verify/rows.ts';
import { compareSchemas } from './verify/schema.ts';

type Input = DeedInput<'verify'>;
type Answer = DeedOutput<'verify'>;

/** More than these many differences help nobody. */
const mostNamed = 25;

/**
 * Runbook, Step 5. Wanted: the database is what the plan says, in revision, schema and rows: the schema as the
 * same migrations make it in an empty database, each row that was there after the stop still there.
 *
 * @throws Failure VerificationFailed naming every difference
 */
export async function verify(means: Means, input: Input, attempt: Attempt): Promise<Answer> {
  const { plan, stopped } = input;
  const { service, operation, database, target } = plan;
  const { versionTable } = service.migrations;
  attempt.progress({ doing: 'reading revision, schema and rows' });
  const revision = await revisionNow(means, plan);
  const url = await applicationUrl(means, service, database.aside);
  const [found, rows] = await withClient(url, { operation, signal: attempt.signal }, async (client) => [
    await catalog(client),
    await counts(client),
  ]);
  const wrong: string[] = revision === target ? [] : [`the database is at ${revision}, not at ${target}`];
  const checked = [`revision ${revision}`];
  const notVerified: string[] = [
    'Whether the data means what it should: only its schema and row counts are compared.',
  ];

  attempt.progress({ doing: `building the schema at ${target} and at ${plan.from} in empty databases` });
  const [expected, made] = await Promise.all([
    schemaAt(means, input, 'target', attempt),
    schemaAt(means, input, 'from', attempt),
  ]);
  if ('notBuilt' in expected) {
    notVerified.push(
      `The schema: the migrations could not build ${target} in an empty database. ${expected.notBuilt}`,
    );
    wrong.push(...unsound(found));
  } else {
    const from = 'notBuilt' in made ? undefined : made;
    const before = await catalogBefore(means, plan);
    const { wrong: differs, drift } = compareSchemas(
      { target: expected, from, now: found, before },
      versionTable,
    );
    wrong.push(...unsound(found).filter((each) => !unsound(expected).includes(each)), ...differs);
    notVerified.push(
      ...drift.slice(0, mostNamed).map((each) => `Was otherwise before, and was left as it is: ${each}`),
    );
    checked.push(
      `schema equal to a database built at ${target} by the same migrations (${sizeOf(expected)} objects)`,
    );
  }
  const wanted = new Set(service.database.tables.map((table) => table.replace(/^public\./, '')));
  const stays = (table: string) =>
    'notBuilt' in expected ? target !== base && wanted.has(table) : expected.table[table] !== undefined;
  const compared = compareRows(stopped.counts, rows, { stays, versionTable });
  wrong.push(...compared.wrong, ...missingExtensions(input, found));
  checked.push(...rowsInWords(compared), 'no invalid index, no constraint that was never validated');
  if (wrong.length > 0) throw new Failure('VerificationFailed', bounded(wrong));
  return { revision, counts: rows, checked, notVerified, dropped: compared.dropped };
}

const sizeOf = (catalog: Catalog): number =>
  Object.values(catalog).reduce((sum, objects) => sum + Object.keys(objects).length, 0);

function missingExtensions({ plan }: Input, found: Catalog): string[] {
  const wanted = plan.target === base ? [] : plan.service.database.extensions;
  return wanted
    .filter((name) => found.extension[name] === undefined)
    .map((name) => `extension ${name} is missing`);
}

function rowsInWords({ equal, dropped }: RowFindings): string[] {
  const gone = Object.entries(dropped).map(([table, rows]) => `table ${table} dropped, with ${rows} rows`);
  return [`rows of ${equal} tables equal to those after the stop`, ...gone];
}

function bounded(wrong: string[]): string {
  const more = wrong.length > mostNamed ? [`and ${wrong.length - mostNamed} more`] : [];
  return [...wrong.slice(0, mostNamed), ...more].join('; ');
}
