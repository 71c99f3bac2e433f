import { base } from '../../migrations/alembic/target.ts';
import { catalog, counts, type Catalog } from '../../postgres/catalog.ts';
import { withClient } from '../../postgres/connect.ts';
import type { DeedInput, DeedOutput } from '../../domain/deeds.ts';
import { Failure } from '../../domain/failures.ts';
import { holding } from '../../domain/definition/checks.ts';
import { applicationUrl } from '../connections.ts';
import { revisionNow } from '../downgrade/revision.ts';
import type { Attempt, Means } from '../means.ts';
import { readEvidence, type RehearsalFile } from '../rehearse/evidence.ts';
import { againstMigrations } from './against-migrations.ts';
import { againstRehearsal } from './against-rehearsal.ts';
import { ownChecks } from './checks.ts';
import { mostNamed } from './verdict.ts';

type Input = DeedInput<'verify'>;
type Answer = DeedOutput<'verify'>;

/**
 * Runbook, Step 5. Wanted: the database is what the plan says, in revision, schema and rows: as the rehearsed copy
 * was after the downgrade; where nothing was rehearsed, as the same migrations make it in an empty database, each
 * row that was there after the stop still there.
 *
 * @throws Failure VerificationFailed naming every difference
 */
export async function verify(means: Means, input: Input, attempt: Attempt): Promise<Answer> {
  const { plan, stopped } = input;
  const { service, operation, database, target } = plan;
  attempt.progress({ doing: 'reading revision, schema and rows' });
  const revision = await revisionNow(means, plan);
  const url = await applicationUrl(means, service, database.aside);
  const found = await withClient(url, { operation, signal: attempt.signal }, async (client) => ({
    catalog: await catalog(client),
    rows: await counts(client),
  }));
  const wrong: string[] = revision === target ? [] : [`the database is at ${revision}, not at ${target}`];
  const checked = [`revision ${revision}`];
  const notVerified: string[] = [
    'Whether the data means what it should: only its schema and row counts are compared.',
  ];
  const rehearsed = await rehearsal(means, input, attempt);
  const verdict =
    rehearsed === undefined
      ? await againstMigrations(means, input, found, attempt)
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
  means: Means,
  { rehearsal: found }: Input,
  attempt: Attempt,
): Promise<RehearsalFile | undefined> {
  if (!found.rehearsed) return undefined;
  try {
    return await readEvidence(means, found.evidence);
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
