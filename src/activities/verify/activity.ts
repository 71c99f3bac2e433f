import { base } from '../../migrations/alembic/target.ts';
import { catalog, counts, type Catalog } from '../../postgres/catalog.ts';
import { withClient } from '../../postgres/connect.ts';
import type { ActivityInput, ActivityOutput } from '../../domain/deeds.ts';
import { Failure } from '../../domain/failures.ts';
import { holding } from '../../domain/definition/checks.ts';
import { applicationUrl } from '../connections.ts';
import { revisionNow } from '../downgrade/revision.ts';
import type { Attempt, Dependencies } from '../dependencies.ts';
import { readEvidence, type RehearsalFile } from '../rehearse/evidence.ts';
import { againstMigrations } from './against-migrations.ts';
import { againstRehearsal } from './against-rehearsal.ts';
import { ownChecks } from './checks.ts';
import { mostNamed } from './verdict.ts';

type Input = ActivityInput<'verify'>;
type Answer = ActivityOutput<'verify'>;

/**
 * Runbook, Step 5. Wanted: the database is what the plan says, in revision, schema and rows: as the rehearsed copy
 * was after the downgrade; where nothing was rehearsed, as the same migrations make it in an empty database, each
 * row that was there after the stop still there.
 *
 * @throws Failure VerificationFailed naming every difference
 */
export async function verify(dependencies: Dependencies, input: Input, attempt: Attempt): Promise<Answer> {
  const { plan, stopped } = input;
  const { service, operation, database, target } = plan;
  attempt.progress({ doing: 'reading revision, schema and rows' });
  const revision = await revisionNow(dependencies, plan);
  const url = await applicationUrl(dependencies, service, database.fencedName);
  const found = await withClient(url, { operation, signal: attempt.signal }, async (client) => ({
    catalog: await catalog(client),
    rows: await counts(client),
  }));
  const wrong: string[] = revision === target ? [] : [`the database is at ${revision}, not at ${target}`];
  const checked = [`revision ${revision}`];
  const notVerified: string[] = [
    'Whether the data means what it should: only its schema and row counts are compared.',
  ];
  const rehearsed = await rehearsal(dependencies, input, attempt);
  const verdict =
    rehearsed === undefined
      ? await againstMigrations(dependencies, input, found, attempt)
      : againstRehearsal(plan, stopped, rehearsed, found);
  wrong.push(...verdict.wrong, ...missingExtensions(input, found.catalog));
  checked.push(...verdict.checked);
  notVerified.push(...verdict.notVerified);
  attempt.progress({ doing: 'making the checks of the service' });
  const own = await ownChecks(url, holding(service.checks.sql, plan.reverts), {
    operation,
    signal: attempt.signal,
  });
  // First: of many differences only the first are named.
  wrong.unshift(...own.wrong);
  checked.push(...own.checked);
  if (wrong.length > 0) throw new Failure('VerificationFailed', bounded(wrong));
  return { revision, counts: found.rows, checked, notVerified, dropped: verdict.dropped };
}

/** Without its evidence the migrations are asked, which takes longer; nobody waits for a file to come back. */
async function rehearsal(
  dependencies: Dependencies,
  { rehearsal: found }: Input,
  attempt: Attempt,
): Promise<RehearsalFile | undefined> {
  if (!found.rehearsed) return undefined;
  try {
    return await readEvidence(dependencies, found.evidence);
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    attempt.log.warn(`verifying without the rehearsal: ${error.message}`);
    return undefined;
  }
}

function missingExtensions({ plan }: Input, found: Catalog): string[] {
  const wanted = plan.target === base ? [] : plan.service.database.extensions;
  return wanted
    .filter((name) => found.extension[name] === undefined)
    .map((name) => `extension ${name} is missing`);
}

function bounded(wrong: string[]): string {
  const more = wrong.length > mostNamed ? [`and ${wrong.length - mostNamed} more`] : [];
  return [...wrong.slice(0, mostNamed), ...more].join('; ');
}
