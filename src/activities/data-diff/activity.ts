import type { DataDiffArguments, DataDiffResult } from './job.ts';
import { tableInWords, type DataDiff } from '../../domain/data-diff.ts';
import type { ActivityInput } from '../../domain/deeds.ts';
import { jobSecret } from '../connections.ts';
import type { Attempt, Dependencies } from '../dependencies.ts';
import { ownProgram } from '../own-program.ts';

/** As many as a gate can show; all of them are in the evidence. */
const mostShown = 40;

/**
 * Runbook, Scenario 2: "if data loss is acceptable". Wanted: what the database that is fenced off holds and the restored
 * one does not, table by table, as a Job counted it; in full in storage. A table that an emergency restore cannot
 * read is a loss. Throws RestoreFailed, JobNotStarted, StorageFailed.
 */
export async function dataDiff(
  dependencies: Dependencies,
  input: ActivityInput<'data-diff'>,
  attempt: Attempt,
): Promise<DataDiff> {
  const { plan, restored } = input;
  const { operation, service, database } = plan;
  const at = new Date().toISOString();
  const secret = await jobSecret(dependencies, {
    operation,
    service,
    part: 'data-diff',
    database: database.fencedName,
  });
  const table = service.migrations.versionTable;
  const wanted: DataDiffArguments = {
    operation,
    now: input.now ?? database.fencedName,
    restored: restored.database,
    versionTable: table.includes('.') ? table : `public.${table}`,
    ...(plan.kind === 'emergency-restore' && { mayBeDamaged: true }),
  };
  const wish = { step: 'data-diff', program: 'data-diff', arguments: wanted, secret } as const;
  const found = await ownProgram<DataDiffResult>(dependencies, input, attempt, wish, 'RestoreFailed');
  const { tables, equal, lostRows, loses, unreadable, seconds } = found;
  const stored = await dependencies.storage.put(
    `${operation}/data diff-${input.try}.json`,
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
