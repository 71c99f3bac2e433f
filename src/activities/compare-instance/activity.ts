import { utc } from '../../domain/text.ts';
import { serverIn, type Client } from '../../postgres/connect.ts';
import { isToolTable } from '../../migrations/tool.ts';
import { revisionOf } from '../../migrations/version-table.ts';
import { Failure } from '../../domain/failures.ts';
import { holding } from '../../domain/definition/checks.ts';
import { holdsNow, writtenSince } from '../../postgres/written.ts';
import type { PointInTimePlan } from '../../domain/plan/plan.ts';
import type { StepInput } from '../activity-function.ts';
import type { ActivityContext } from '../context.ts';
import { serviceChecks } from '../../postgres/service-checks.ts';
import type { LossTable, ComparedInstance } from './step.ts';

type Context = ActivityContext<PointInTimePlan>;
type Input = StepInput<'compare-instance'>;
type Answer = ComparedInstance;

/** More lines help nobody; those that lose most come first. */
const mostTables = 40;

/**
 * Runbook, Emergency Database Restore, 5. Wanted: the new instance is at the revision from before, and has
 * every table and extension that the definition names; and it is known what the present database holds that it
 * does not.
 *
 * @throws Failure NotRestorable naming everything that is not as it should be, DatabaseUnreachable
 */
export async function compareInstance(context: Context, { restored, stopped }: Input): Promise<Answer> {
  const { plan, service, tool } = context;
  const { recovery, target } = plan;
  const { fencedName } = plan.database;
  context.progress({ doing: `looks at ${restored.instance}` });
  const there = context.onServer(restored.endpoint);
  const found = await there.database(fencedName, async (client) => ({
    ...(await holdsNow(client)),
    revision: await revisionOf(client, tool),
    extensions: await extensions(client),
  }));
  const absent = service.database.tables
    .map((table) => table.replace(/^public\./, ''))
    .filter((table) => found.counts[table] === undefined);
  const wrong = [
    ...(found.revision === target
      ? []
      : [
          `it is at ${found.revision}, and ${target} was expected: at ${utc(recovery.to)} the migration was ${found.revision === plan.from ? 'over already; name an earlier moment' : 'not there yet; name a later moment, or the target'}`,
        ]),
    ...(target === plan.from ? absent.map((table) => `table ${table} is missing`) : []),
    ...service.database.extensions
      .filter((name) => target !== 'base' && !found.extensions.includes(name))
      .map((name) => `extension ${name} is missing`),
  ];
  if (wrong.length > 0)
    throw new Failure('NotRestorable', `${restored.instance} is not as it should be: ${wrong.join('; ')}.`);

  context.progress({ doing: 'making the checks of the service' });
  const own = await serviceChecks(
    await there.applicationUrl(fencedName),
    holding(service.checks.sql, plan.reverts),
    context,
  );
  context.progress({ doing: `counts what was written since ${utc(recovery.to)}` });
  const since = await sinceThen(context, restored);
  const all = compared(stopped.counts, found.counts, since, tool.toolTables);
  const unknown = all
    .map(({ table }) => table)
    .filter((table) => since !== undefined && table in since && since[table] === undefined);
  const tables = all.filter((each) => differs(each) || unknown.includes(each.table));
  return {
    revision: found.revision,
    counts: found.counts,
    catalog: found.catalog,
    written: found.written,
    tables: tables.slice(0, mostTables),
    equal: all.length - tables.length,
    loses:
      since === undefined ||
      unknown.length > 0 ||
      tables.some(({ now = 0, restored: then = 0, since: rows = 0 }) => now > then || rows > 0),
    checked: [
      `revision ${found.revision}`,
      `${Object.keys(found.counts).length} tables, counted`,
      ...(service.database.extensions.length === 0
        ? []
        : [`extensions ${service.database.extensions.join(', ')}`]),
      ...own.checked,
    ],
    ...(own.wrong.length > 0 && { wrong: own.wrong }),
    notVerified: [
      ...(since === undefined
        ? [
            'Which rows were changed since: the server does not keep the times of commits (track_commit_timestamp), so that only numbers of rows are compared.',
          ]
        : ['Rows that were deleted since are there again; they are not named one by one.']),
      ...unknown
        .slice(0, mostTables)
        .map(
          (table) =>
            `Which rows of ${table} were changed since: the server keeps the times of commits only since later than ${utc(recovery.to)}.`,
        ),
      ...absent.map((table) => `Table ${table} of the definition is not there at ${found.revision}.`),
      ...(tables.length > mostTables ? [`${tables.length - mostTables} more tables differ.`] : []),
    ],
  };
}

async function extensions(client: Client): Promise<string[]> {
  const { rows } = await client.query<{ name: string }>(
    'SELECT extname AS name FROM pg_catalog.pg_extension',
  );
  return rows.map(({ name }) => name);
}

/** Of the present database; once the Secrets are switched it is out of sight. */
async function sinceThen(context: Context, { endpoint }: Input['restored']) {
  const { database, recovery } = context.plan;
  const { host, port } = serverIn(await context.applicationUrl());
  if (host === endpoint.host && port === endpoint.port) return undefined;
  return context.database(database.fencedName, (client) => writtenSince(client, recovery.to));
}

function compared(
  now: Record<string, number>,
  then: Record<string, number>,
  since: Record<string, number | undefined> | undefined,
  toolTables: readonly string[],
): LossTable[] {
  return Object.keys({ ...now, ...then })
    .filter((table) => !isToolTable(toolTables, table))
    .map((table) => {
      const rows = since?.[table];
      return {
        table,
        ...(now[table] !== undefined && { now: now[table] }),
        ...(then[table] !== undefined && { restored: then[table] }),
        ...(rows !== undefined && { since: rows }),
      };
    })
    .toSorted((a, b) => lost(b) - lost(a));
}

const differs = ({ now, restored, since = 0 }: LossTable): boolean => now !== restored || since > 0;
const lost = ({ now = 0, restored = 0, since = 0 }: LossTable): number => Math.max(now - restored, since);
