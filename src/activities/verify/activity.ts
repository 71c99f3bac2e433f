import { catalog, counts, type Catalog } from '../../postgres/catalog.ts';
import { Failure } from '../../domain/failures.ts';
import { base } from '../../domain/plan/revision.ts';
import { holding } from '../../domain/definition/checks.ts';
import type { Plan } from '../../domain/plan/plan.ts';
import type { StepInput } from '../activity-function.ts';
import type { ActivityContext } from '../context.ts';
import { revisionNow } from '../migration.ts';
import { readEvidence, type RehearsalFile } from '../rehearsal/evidence.ts';
import { againstMigrations } from './against-migrations.ts';
import { againstRehearsal } from './against-rehearsal.ts';
import { serviceChecks } from '../../postgres/service-checks.ts';
import { mostNamed } from './verdict.ts';
import type { Verification } from './step.ts';

type Input = StepInput<'verify'>;
type Answer = Verification;

/**
 * Runbook, Step 5. Wanted: the database is what the plan says, in revision, schema and rows: as the rehearsed copy
 * was after the downgrade; where nothing was rehearsed, as the same migrations make it in an empty database, each
 * row that was there after the stop still there.
 *
 * @throws Failure VerificationFailed naming every difference
 */
export async function verify(context: ActivityContext, input: Input): Promise<Answer> {
  const { plan, service, tool } = context;
  const { target } = plan;
  const { fencedName } = plan.database;
  context.progress({ doing: 'reading revision, schema and rows' });
  const revision = await revisionNow(context);
  const found = await context.database(fencedName, async (client) => ({
    catalog: await catalog(client),
    rows: await counts(client),
    toolTables: tool.toolTables,
  }));
  const wrong: string[] = revision === target ? [] : [`the database is at ${revision}, not at ${target}`];
  const checked = [`revision ${revision}`];
  const notVerified: string[] = [
    'Whether the data means what it should: only its schema and row counts are compared.',
  ];
  const rehearsed = await rehearsal(context, input);
  const verdict =
    rehearsed === undefined
      ? await againstMigrations(context, input.stopped, found)
      : againstRehearsal(plan, input.stopped, rehearsed, found);
  wrong.push(...verdict.wrong, ...missingExtensions(plan, found.catalog));
  checked.push(...verdict.checked);
  notVerified.push(...verdict.notVerified);
  context.progress({ doing: 'making the checks of the service' });
  const holds = holding(service.checks.sql, plan.reverts);
  const own = await serviceChecks(await context.applicationUrl(fencedName), holds, context);
  // First: of many differences only the first are named.
  wrong.unshift(...own.wrong);
  checked.push(...own.checked);
  if (wrong.length > 0) throw new Failure('VerificationFailed', bounded(wrong));
  return { revision, counts: found.rows, checked, notVerified, dropped: verdict.dropped };
}

/** Without its evidence the migrations are asked, which takes longer; nobody waits for a file to come back. */
async function rehearsal(
  { storage, log }: ActivityContext,
  { rehearsal: found }: Input,
): Promise<RehearsalFile | undefined> {
  if (!found.rehearsed) return undefined;
  try {
    return await readEvidence(storage, found.evidence);
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    log.warn(`verifying without the rehearsal: ${error.message}`);
    return undefined;
  }
}

function missingExtensions({ target, service }: Plan, found: Catalog): string[] {
  const wanted = target === base ? [] : service.database.extensions;
  return wanted
    .filter((name) => found.extension[name] === undefined)
    .map((name) => `extension ${name} is missing`);
}

function bounded(wrong: string[]): string {
  const more = wrong.length > mostNamed ? [`and ${wrong.length - mostNamed} more`] : [];
  return [...wrong.slice(0, mostNamed), ...more].join('; ');
}
