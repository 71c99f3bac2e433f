import { update } from '../../kubernetes/records.ts';
import type { ActivityInput, ActivityOutput } from '../../domain/deeds.ts';
import { Failure, type FailureType } from '../../domain/failures.ts';
import { jobName } from '../../domain/names.ts';
import type { OperationRecord } from '../../domain/record.ts';
import { keepCatalog } from './before.ts';
import { afterFailure } from './ended-badly.ts';
import { exists, move, othersEnded } from './job.ts';
import { fenceStands, nobodyWrote, proven } from './proof.ts';
import { revisionNow, unclear } from './revision.ts';
import { wayBackStands } from './way-back.ts';
import type { Attempt, Dependencies } from '../dependencies.ts';

type Input = ActivityInput<'downgrade'>;
type Answer = ActivityOutput<'downgrade'>;

/** After these the Job has ended. After any other failure it may still run, and the next attempt joins it. */
const jobEnded = new Set<FailureType>([
  'DowngradeFailed',
  'AlembicMissing',
  'AlembicBroken',
  'JobFailed',
  'JobNotStarted',
]);

/**
 * Runbook, Step 4: the pivot. Wanted: the database is at the plan's explicit target. One Job in the newer
 * image moves it, once, under a lock; an earlier attempt's Job is joined, never started a second time. Known
 * by looking: whatever the Job said, the revision is read again.
 *
 * @throws Failure NotApproved, WritesCameBack, BackupNotProved, OperationLost and WritesNotStopped before
 *   anything moves; DowngradeFailed where the database is still where it was, DowngradeUnclear elsewhere
 */
export async function downgrade(dependencies: Dependencies, input: Input, attempt: Attempt): Promise<Answer> {
  const { plan } = input;
  const job = jobName(plan.operation, 'downgrade', input.try);
  // First, since it may take long: all that is looked at below would be out of date afterwards.
  await othersEnded(dependencies, plan, job, attempt);
  const record = await proven(dependencies, input);
  await fenceStands(dependencies, plan);

  attempt.progress({ doing: 'reading the revision' });
  const joins = record.pivotAt !== undefined && (await exists(dependencies, plan, job));
  if (!joins) {
    const at = await revisionNow(dependencies, plan);
    if (at === plan.target) return { from: plan.from, to: plan.target, moved: false, seconds: 0, job };
    if (at !== plan.from) throw unclear(plan, at, 'Nothing was moved by this attempt.');
    nobodyWrote(input, record);
    await wayBackStands(dependencies, input, record, attempt);
    await keepCatalog(dependencies, plan);
    await fenceStands(dependencies, plan);
    await update(
      dependencies.cluster,
      dependencies.recordsNamespace,
      plan.database,
      plan.operation,
      (found) => {
        // A breach is written to the same record: none can come between this look and the pivot.
        nobodyWrote(input, found);
        return pivoted(found);
      },
    );
  }
  attempt.progress({ doing: `moving from ${plan.from} to ${plan.target}` });
  try {
    const { moved, seconds } = await move(dependencies, plan, job, attempt);
    const at = await revisionNow(dependencies, plan);
    if (at !== plan.target) throw unclear(plan, at, `Job ${job} said that it had moved.`);
    return { from: plan.from, to: plan.target, moved, seconds, job };
  } catch (error) {
    attempt.signal.throwIfAborted();
    if (!(error instanceof Failure && jobEnded.has(error.type))) throw error;
    return afterFailure(dependencies, plan, job, error, attempt);
  }
}

/** From here on the database may be another one than a restore, of an operation that was taken up, had left. */
function pivoted(found: OperationRecord): OperationRecord {
  const { restoring, ...rest } = found;
  if (found.pivotAt !== undefined && restoring === undefined) return found;
  return { ...rest, pivotAt: found.pivotAt ?? new Date().toISOString() };
}
