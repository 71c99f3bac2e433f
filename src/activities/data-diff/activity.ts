import type { CensusArguments, CensusResult } from './job.ts';
import { tableInWords, type Census } from '../../domain/data-diff.ts';
import type { DeedInput } from '../../domain/deeds.ts';
import { jobSecret } from '../connections.ts';
import type { Attempt, Means } from '../means.ts';
import { ownProgram } from '../own-program.ts';

/** As many as a gate can show; all of them are in the evidence. */
const mostShown = 40;

/**
 * Runbook, Scenario 2: "if data loss is acceptable". Wanted: what the database that is aside holds and the restored
 * one does not, table by table, as a Job counted it; in full in storage. A table that an emergency restore cannot
 * read is a loss. Throws RestoreFailed, JobNotStarted, StorageFailed.
 */
export async function census(means: Means, input: DeedInput<'census'>, attempt: Attempt): Promise<Census> {
  const { plan, restored } = input;
  const { operation, service, database } = plan;
  const at = new Date().toISOString();
  const secret = await jobSecret(means, { operation, service, part: 'census', database: database.aside });
  const table = service.migrations.versionTable;
  const wanted: CensusArguments = {
    operation,
    now: input.now ?? database.aside,
    restored: restored.database,
    versionTable: table.includes('.') ? table : `public.${table}`,
    ...(plan.kind === 'emergency-restore' && { mayBeDamaged: true }),
  };
  const wish = { step: 'census', program: 'census', arguments: wanted, secret } as const;
  const found = await ownProgram<CensusResult>(means, input, attempt, wish, 'RestoreFailed');
  const { tables, equal, lostRows, loses, unreadable, seconds } = found;
  const stored = await means.storage.put(
    `${operation}/census-${input.try}.json`,
    `${JSON.stringify({ at, ...wanted, ...found }, null, 2)}\n`,
  );
  const summary = tables.slice(0, 5).map(tableInWords).join('; ').slice(0, 1_000);
  return {
    at,
    tables: tables.slice(0, mostShown),
    equal,
    lostRows,
    loses,
    ...(unreadable && { unreadable }),
    seconds,
    evidence: { summary, ref: stored.ref, sha256: stored.sha256 },
  };
}
