import { changes } from '../../schema-diff/changes.ts';
import { counts } from '../../postgres/catalog.ts';
import { differences } from '../../schema-diff/differences.ts';
import { lockable, strongest, type RelationLock } from '../../postgres/locks.ts';
import { losses } from '../../postgres/losses/losses.ts';
import { youngestTransaction } from '../../postgres/losses/contents.ts';
import { Failure } from '../../domain/failures.ts';
import { briefly } from '../../domain/migration-code.ts';
import type { Loss, Rehearsed } from '../../domain/rehearsal.ts';
import { isToolTable, type Observed, type RehearsedMigration } from '../../migrations/tool.ts';
import { transactionOf } from '../../migrations/version-table.ts';
import type { ActivityContext } from '../context.ts';
import { redact } from '../../domain/redact.ts';
import { schemaAt } from '../built-schema.ts';
import { compareSchemas, type SchemaFindings } from '../../schema-diff/schemas.ts';
import { clear, make, type Copy } from './copy.ts';
import { keepEvidence } from './evidence.ts';
import { migrateCopy } from './migration.ts';
import { plansBeforeAndAfter, plansOn } from './remembered.ts';
import { warningsOf, wrongOf } from './warnings.ts';
import { databaseState, type DatabaseState } from './database-state.ts';
import type { Evidence } from '../../domain/evidence.ts';

export interface Stage extends Copy {
  /** Ref of the evidence file. */
  evidence: string;
}

/** The history of the workflow carries no more; the evidence holds all. */
const mostListed = 40;

/**
 * Rehearses on a copy that it makes, and removes; only a copy that shows which rows or values are lost is left for
 * `salvage`.
 *
 * @throws Failure RehearsalFailed; CloneRefused where there is no copy
 */
export async function rehearseOn(context: ActivityContext, stage: Stage): Promise<Rehearsed> {
  context.progress({ doing: 'removing what an earlier attempt left' });
  await clear(context, stage);
  let keep = false;
  try {
    await make(context, stage);
    const rehearsed = await onTheCopy(context, stage);
    keep = rehearsed.copy !== undefined;
    return rehearsed;
  } finally {
    if (!keep && !context.signal.aborted) await clear(context, stage);
  }
}

async function onTheCopy(context: ActivityContext, stage: Stage): Promise<Rehearsed> {
  const { plan, tool, database } = context;
  const { copy, like } = stage;
  const look = () => database(copy, (client) => databaseState(client, tool));
  context.progress({ doing: 'reading the copy' });
  const before = await look();
  const plansBefore = await plansOn(context, copy);
  const boundary = await database(copy, youngestTransaction);
  // Beside each other: each is a pod that costs seconds.
  const running = [
    migrateCopy(context, stage),
    schemaAt(context, { step: 'rehearse', like }, 'target'),
    schemaAt(context, { step: 'rehearse', like }, 'from'),
  ] as const;
  // All of them end before the first failure is thrown: each cleans up after itself.
  await Promise.allSettled(running);
  const [migration, target, from] = await Promise.all(running);
  const after = await look();
  if (migration.end instanceof Failure) throw await failed(context, stage, migration, { before, after });

  context.progress({ doing: 'comparing every table with what it held before' });
  const lost = await database(like, async (source) => {
    // Of the oldest one: what is younger than that was written since all of them.
    const oldest = plan.reverts.at(-1)?.revision;
    const since = oldest === undefined ? undefined : await transactionOf(source, tool, oldest);
    return database(copy, (client) =>
      losses(source, client, {
        boundary,
        since,
        onTable: (key, done, of) =>
          context.progress({ doing: `comparing table ${key} with what it held before`, done, of }),
      }),
    );
  });
  const found = lost.filter(({ object }) => !isToolTable(tool.toolTables, object));
  const built = 'notBuilt' in target ? undefined : target;
  const schema: SchemaFindings | undefined =
    built &&
    compareSchemas(
      {
        target: built,
        from: 'notBuilt' in from ? undefined : from,
        now: after.catalog,
        before: before.catalog,
      },
      tool.toolTables,
    );
  const { observed } = migration;
  const notBuilt = 'notBuilt' in target ? target.notBuilt : undefined;
  const seen = { observed, before, after, schema };
  const wrong = wrongOf(seen);
  const whole = {
    seconds: migration.end.seconds,
    locks: locksOf(migration, before, after),
    changes: changes(before.catalog, after.catalog),
    losses: found,
    warnings: [...warningsOf(seen), ...(await plansBeforeAndAfter(context, copy, plansBefore))],
    counts: await database(copy, counts),
  };
  const evidence = await keepEvidence(context, stage.evidence, {
    from: plan.from,
    target: plan.target,
    ...whole,
    schema: schema ?? { notBuilt: notBuilt ?? '' },
    catalog: { before: before.catalog, after: after.catalog },
    observed,
    output: migration.output,
  });
  return {
    rehearsed: true,
    ...whole,
    locks: whole.locks.slice(0, mostListed),
    changes: whole.changes.slice(0, mostListed),
    losses: found.slice(0, mostListed),
    warnings: whole.warnings.slice(0, mostListed),
    ...(wrong.length > 0 && { wrong: wrong.slice(0, mostListed) }),
    sql: briefly((observed?.steps ?? []).map(sqlOf)),
    ...(found.some(showsInCopy) && { copy }),
    evidence,
  };
}

const sqlOf = ({ revision, sql }: Observed['steps'][number]) => ({
  revision,
  text: redact(sql.map((statement) => `${statement};`).join('\n')),
});

const showsInCopy = ({ kind }: Loss) => kind === 'rows' || kind === 'values';

function locksOf(
  { observed, locks }: RehearsedMigration & { locks: RelationLock[] },
  before: DatabaseState,
  after: DatabaseState,
): Rehearsed['locks'] {
  const names = new Map([...after.names, ...before.names]);
  const within = observed?.locks ?? [];
  for (const [oid, , kind, name] of within)
    if (lockable.has(kind) && !names.has(String(oid))) names.set(String(oid), name);
  return strongest([...within.map(([oid, mode]) => ({ oid: String(oid), mode })), ...locks], names);
}

/** A downgrade that fails on the copy, with the file that holds all that was seen. */
export class RehearsalFailure extends Failure {
  constructor(
    message: string,
    readonly evidence: Evidence,
  ) {
    super('RehearsalFailed', message);
  }
}

/** The tool's own error, and whether anything had been committed by then. */
async function failed(
  context: ActivityContext,
  stage: Stage,
  { end, observed, output }: RehearsedMigration,
  { before, after }: { before: DatabaseState; after: DatabaseState },
): Promise<RehearsalFailure> {
  const { plan } = context;
  const said = end instanceof Failure ? end.message : '';
  const left = [
    ...(after.revision === before.revision ? [] : [`it is at ${after.revision}`]),
    ...differences(before.catalog, after.catalog).slice(0, 5),
    ...(observed?.steps ?? []).flatMap(({ revision, commits }) =>
      commits.length > 0 ? [`${revision} had committed: ${commits.slice(0, 2).join('; ')}`] : [],
    ),
  ];
  const text =
    left.length === 0
      ? 'Nothing had been committed: the copy is as before.'
      : `The copy was left changed, as the database would be: ${left.join('; ')}.`;
  const evidence = await keepEvidence(context, stage.evidence, {
    from: plan.from,
    target: plan.target,
    failed: `${said} ${text}`,
    catalog: { before: before.catalog, after: after.catalog },
    observed,
    output,
  });
  return new RehearsalFailure(
    `${said} ${text} The database itself was not touched. ${evidence.summary}`,
    evidence,
  );
}
