import type { DataDiffArguments } from './job.ts';
import { describeTable, type DataDiff } from '../../domain/data-diff.ts';
import { defined } from '../../domain/defined.ts';
import type { StepInput } from '../activity-function.ts';
import type { ActivityContext } from '../context.ts';

/** As many as a gate can show; all of them are in the evidence. */
const mostShown = 40;

/**
 * Runbook, Scenario 2: "if data loss is acceptable". Wanted: what the database that is fenced off holds and the restored
 * one does not, table by table, as a Job counted it; in full in storage. A table that an emergency restore cannot
 * read is a loss. Throws RestoreFailed, JobNotStarted, StorageFailed.
 */
export async function dataDiff(context: ActivityContext, input: StepInput<'data-diff'>): Promise<DataDiff> {
  const { operation, tool, plan } = context;
  const { fencedName } = plan.database;
  const at = new Date().toISOString();
  const wanted: DataDiffArguments = {
    operation,
    now: input.now ?? fencedName,
    restored: input.restored.database,
    toolTables: tool.toolTables,
    ...(plan.kind === 'emergency-restore' && { mayBeDamaged: true }),
  };
  const found = await context.runJob('data-diff', wanted, {
    step: 'data-diff',
    databases: { database: fencedName },
    orElse: 'RestoreFailed',
  });
  const { tables, equal, lostRows, loses, unreadable, seconds } = found;
  const stored = await context.storage.put(
    `${operation}/data-diff-${context.try}.json`,
    `${JSON.stringify({ at, ...wanted, ...found }, null, 2)}\n`,
  );
  const summary = tables.slice(0, 5).map(describeTable).join('; ').slice(0, 1_000);
  return {
    at,
    tables: tables.slice(0, mostShown),
    equal,
    lostRows,
    loses,
    ...defined({ unreadable }),
    seconds,
    evidence: { summary, ref: stored.ref, sha256: stored.sha256 },
  };
}
