import { unsound } from '../../postgres/catalog.ts';
import { base } from '../../domain/plan/revision.ts';
import { catalogBefore } from '../../schema-diff/kept-catalog.ts';
import type { ActivityContext } from '../context.ts';
import { schemaAt } from '../built-schema.ts';
import { compareRows } from './rows.ts';
import { compareSchemas } from '../../schema-diff/schemas.ts';
import { describeDropped, mostNamed, sizeOf, type Found, type Verdict } from './verdict.ts';
import type { StoppedWrites } from '../stop-writes/step.ts';

/**
 * Where nothing was rehearsed: the schema as the same migrations make it in an empty database, each row that was
 * there after the stop still there.
 */
export async function againstMigrations(
  context: ActivityContext,
  stopped: Pick<StoppedWrites, 'counts'>,
  found: Found,
): Promise<Verdict> {
  const { plan } = context;
  const { service, target } = plan;
  const { toolTables } = found;
  const verdict: Verdict = { wrong: [], checked: [], notVerified: [], dropped: {} };
  const { wrong, checked, notVerified } = verdict;
  context.progress({ doing: `building the schema at ${target} and at ${plan.from} in empty databases` });
  const builder = { step: 'verify', like: plan.database.fencedName } as const;
  const [expected, made] = await Promise.all([
    schemaAt(context, builder, 'target'),
    schemaAt(context, builder, 'from'),
  ]);
  if ('notBuilt' in expected) {
    notVerified.push(
      `The schema: the migrations could not build ${target} in an empty database. ${expected.notBuilt}`,
    );
    wrong.push(...unsound(found.catalog));
  } else {
    const from = 'notBuilt' in made ? undefined : made;
    const operations = [plan.operation, ...(plan.takesUp ? [plan.takesUp.operation] : [])];
    const before = await catalogBefore(context.storage, operations);
    const { wrong: differs, drift } = compareSchemas(
      { target: expected, from, now: found.catalog, before },
      toolTables,
    );
    wrong.push(...unsound(found.catalog).filter((each) => !unsound(expected).includes(each)), ...differs);
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
  const compared = compareRows(stopped.counts, found.rows, { stays, toolTables });
  wrong.push(...compared.wrong);
  checked.push(
    `rows of ${compared.equal} tables equal to those after the stop`,
    ...describeDropped(compared.dropped),
    'no invalid index, no constraint that was never validated',
  );
  return { ...verdict, dropped: compared.dropped };
}
