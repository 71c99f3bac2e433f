import { unreadableIn } from '../domain/data-diff.ts';
import { emergencyRequest } from '../domain/plan/emergency-request.ts';
import type { EmergencyPlan } from '../domain/plan/plan.ts';
import type { Snapshot } from '../domain/snapshot.ts';
import type { RollbackResult } from '../domain/journal/result.ts';
import { shownAtEmergency, shownAtEmergencyStart } from '../views/gate-emergency.ts';
import { sourceName } from '../domain/plan/source.ts';
import { accept } from './engine/accept.ts';
import { continueUnderServiceId, hasAnotherId } from './engine/redirect.ts';
import { handedOver } from './hand-over.ts';
import { finished } from './engine/stage-exit.ts';
import type { StageEnd } from './engine/stage-exit.ts';
import { operate } from './engine/operate.ts';
import type { OperationContext } from './engine/operate.ts';
import { approvedAtEmergency } from '../activities/put-in-place/step.ts';

/**
 * Restores a database from a snapshot, a backup or a given dump (runbook, Emergency Database Restore),
 * without the runbook's DROP DATABASE: the database as it is now is kept. While a rollback of the service is at
 * a hold that offers it, this becomes that rollback's `restore`.
 */
export async function emergencyRestore(input: unknown): Promise<RollbackResult> {
  const request = accept(input, emergencyRequest);
  if (hasAnotherId(request))
    return (await handedOver(request)) ?? continueUnderServiceId('emergencyRestore', request);
  return operate({ kind: 'emergency-restore', request }, inOrder);
}

async function inOrder(context: OperationContext): Promise<StageEnd> {
  const { operation, assess, gate, step, undoBy, writes, reversible, irreversible } = context;

  const assessed = await assess(); // what is restored from is found, and read in full
  if (assessed.kind === 'nothing-to-do') return finished('nothing-to-do', assessed.reason);
  const plan = assessed.plan as EmergencyPlan; // as it was asked for

  // Taken up after its pivot, putting back would start the newer release on a database that may have moved.
  const untilThePivot = plan.takesUp?.pivotPassed ? irreversible : reversible;
  const { restored, dataDiff, approved } = await untilThePivot(async () => {
    await gate('start', plan, shownAtEmergencyStart(plan, assessed.observations));
    undoBy('put-back', () => ({ plan, ...operation.howFar }));
    const stopped = await writes.stop(plan);
    // The corrupted state, for analysis (Scenario 2). After a downgrade it is the kept database alone.
    const snapshot = plan.takesUp?.pivotPassed ? keptAlone : await step('snapshot', { plan });
    const restored = await step('restore-new-database', { plan });
    const dataDiff = await step('data-diff', { plan, restored });
    const approved = await gate(
      'restore', // "if data loss is acceptable"
      approvedAtEmergency(plan, restored, dataDiff),
      shownAtEmergency(plan, { stopped, snapshot, restored, dataDiff }),
      dataDiff.loses || unreadableIn(stopped, dataDiff).length > 0,
    );
    writes.mustBeGuarded();
    return { restored, dataDiff, approved };
  });

  return irreversible(async () => {
    await step('put-in-place', { plan, restored, dataDiff, approved }); // the pivot
    await step('roll-back-app', { plan });
    await writes.start(plan);
    for (const { name } of plan.cronJobs) await step('resume-cron-jobs', { plan, cronJob: name });
    const from = sourceName(plan.source);
    return finished(
      'restored',
      `The database is restored from ${from}, at ${plan.target}, and the application runs.`,
    );
  });
}

const keptAlone: Snapshot = {
  made: false,
  why: 'an unfinished operation had moved the database already',
};
