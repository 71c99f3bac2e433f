import { catalog } from '../../postgres/catalog.ts';
import { Failure, type FailureType } from '../../domain/failures.ts';
import { jobName } from '../../domain/names.ts';
import type { OperationRecord } from '../../domain/record.ts';
import { keepCatalog } from '../../schema-diff/kept-catalog.ts';
import { afterFailure, unclear } from './ended-badly.ts';
import { exists, move, othersEnded } from './job.ts';
import { assertFenced, nobodyWrote, proven } from './proof.ts';
import { revisionNow } from '../migration.ts';
import { wayBackStands } from './way-back.ts';
import type { StepInput } from '../activity-function.ts';
import type { ActivityContext } from '../context.ts';
import type { Downgrade } from './step.ts';

type Input = StepInput<'downgrade'>;
type Answer = Downgrade;

/** After these the Job has ended. After any other failure it may still run, and the next attempt joins it. */
const jobEnded = new Set<FailureType>([
  'DowngradeFailed',
  'MigrationToolMissing',
  'MigrationsBroken',
  'JobFailed',
  'JobNotStarted',
]);

/**
 * Runbook, Step 4: the pivot. Wanted: the database is at the plan's explicit target. One Job in the newer
 * image moves it, once, under a lock; an earlier attempt's Job is joined, never started a second time. Known
 * by looking: whatever the Job said, the revision is read again.
 *
 * @throws Failure NotApproved, WritesCameBack, BackupNotProved, OperationLost and WritesNotStopped before
 *   anything moves, with `details.beforePivot` where no attempt has passed the pivot; DowngradeFailed where the
 *   database is still where it was, DowngradeUnclear elsewhere
 */
export async function downgrade(context: ActivityContext, input: Input): Promise<Answer> {
  const { plan } = context;
  const { from, target } = plan;
  const job = jobName(plan.operation, 'downgrade', context.try);
  const isThere = await passPivot(context, input, job).catch(async (error: unknown) => {
    throw await saidBeforePivot(context, error);
  });
  if (isThere) return { from, to: target, moved: false, seconds: 0, job };
  context.progress({ doing: `moving from ${from} to ${target}` });
  try {
    const { moved, seconds } = await move(context, job);
    const at = await revisionNow(context);
    if (at !== target) throw unclear(plan, at, `Job ${job} said that it had moved.`);
    return { from, to: target, moved, seconds, job };
  } catch (error) {
    context.signal.throwIfAborted();
    if (!(error instanceof Failure && jobEnded.has(error.type))) throw error;
    return afterFailure(context, job, error);
  }
}

/** Looks whether all is as it must be, and then passes the pivot. Answers whether the database is there already. */
async function passPivot(context: ActivityContext, input: Input, job: string): Promise<boolean> {
  const { plan } = context;
  // First, since it may take long: all that is looked at below would be out of date afterwards.
  await othersEnded(context, job);
  const record = await proven(context, input);
  await assertFenced(context);

  context.progress({ doing: 'reading the revision' });
  if (record.pivotAt !== undefined && (await exists(context, job))) return false;
  const at = await revisionNow(context);
  const isThere = at === plan.target;
  if (!isThere) {
    if (at !== plan.from) throw unclear(plan, at, 'Nothing was moved by this attempt.');
    nobodyWrote(input, record);
    await wayBackStands(context, input, record);
    const before = await context.database(plan.database.fencedName, catalog);
    await keepCatalog(context.storage, plan.operation, before);
    await assertFenced(context);
  }
  await context.record.update((found) => {
    // A breach is written to the same record: none can come between this look and the pivot.
    if (!isThere) nobodyWrote(input, found);
    return pivoted(found);
  });
  return isThere;
}

/** The record alone tells whether any attempt has passed the pivot; where it cannot be read, one may have. */
async function saidBeforePivot({ record, operation }: ActivityContext, error: unknown): Promise<unknown> {
  if (!(error instanceof Failure)) return error;
  const found = await record.find().catch(() => undefined);
  if (found?.operation !== operation || found.pivotAt !== undefined) return error;
  return new Failure(error.type, error.message, { ...error.details, beforePivot: true });
}

/** From here on the database may be another one than a restore, of an operation that was taken up, had left. */
function pivoted(found: OperationRecord): OperationRecord {
  const { swap, ...rest } = found;
  if (found.pivotAt !== undefined && swap === undefined) return found;
  return { ...rest, pivotAt: found.pivotAt ?? new Date().toISOString() };
}
