import { kinds, unsound } from '../../postgres/catalog.ts';
import { differences } from '../../schema-diff/differences.ts';
import type { Plan } from '../../domain/plan/plan.ts';
import type { RehearsalFile } from '../rehearsal/evidence.ts';
import { compareRehearsed } from './rows.ts';
import { byHand } from '../../schema-diff/schemas.ts';
import { describeDropped, mostNamed, sizeOf, type Found, type Verdict } from './verdict.ts';
import type { StoppedWrites } from '../stop-writes/step.ts';

/**
 * Where the downgrade was rehearsed on a copy of this very database: schema and rows as the copy had them
 * afterwards, which is what people approved. What that differs in from the migrations was known then, and is told.
 */
export function againstRehearsal(
  { target }: Plan,
  { counts }: Pick<StoppedWrites, 'counts'>,
  { catalog, counts: rehearsed, schema }: RehearsalFile,
  found: Found,
): Verdict {
  const damaged = differences(
    catalog.after,
    found.catalog,
    kinds.filter((kind) => !byHand.has(kind)),
  );
  const granted = differences(catalog.after, found.catalog, [...byHand]);
  const rows = compareRehearsed({ stopped: counts, rehearsed, found: found.rows }, found.toolTables);
  return {
    wrong: [...damaged.map((each) => `${each}, unlike in the rehearsal`), ...rows.wrong],
    checked: [
      `schema equal to that of the rehearsed copy (${sizeOf(catalog.after)} objects), its invalid indexes and constraints included`,
      `rows of ${rows.equal} tables as in the rehearsal`,
      ...describeDropped(rows.dropped),
    ],
    notVerified: [
      ...unsound(found.catalog).map((what) => `${what}, as on the rehearsed copy`),
      ...granted.map((each) => `Is otherwise than in the rehearsal: ${each}`),
      ...migrations(schema, target),
    ].slice(0, mostNamed),
    dropped: rows.dropped,
  };
}

function migrations(schema: RehearsalFile['schema'], target: string): string[] {
  if ('notBuilt' in schema)
    return [
      `Whether the migrations make this schema: they could not build ${target} in an empty database. ${schema.notBuilt}`,
    ];
  return [
    ...schema.wrong.map((each) => `Is otherwise than the migrations make it, as rehearsed: ${each}`),
    ...schema.drift.map((each) => `Was otherwise before, and was left as it is: ${each}`),
  ];
}
