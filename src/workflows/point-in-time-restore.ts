import { utc } from '../domain/text.ts';
import { pointInTimeRequest } from '../domain/plan/point-in-time.ts';
import type { PointInTimePlan } from '../domain/plan/plan.ts';
import type { RollbackResult } from '../domain/journal/result.ts';
import { shownAtRecoveryStart, shownAtSwitch } from '../views/gate-point-in-time.ts';
import { accept } from './engine/accept.ts';
import { continueUnderServiceId, hasAnotherId } from './engine/redirect.ts';
import { finished } from './engine/stage-exit.ts';
import type { StageEnd } from './engine/stage-exit.ts';
import { operate } from './engine/operate.ts';
import type { OperationContext } from './engine/operate.ts';
import { approvedAtSwitch } from '../activities/switch-database/step.ts';
import type { ComparedInstance } from '../activities/compare-instance/step.ts';
import type { RestoredInstance } from '../activities/restore-instance/step.ts';

/**
 * Restores the database to an earlier time, into a new instance, and lets the application use that one (runbook,
 * Point-in-Time Recovery). The old instance is never changed but for the name of its database, and never deleted.
 */
export async function pointInTimeRestore(input: unknown): Promise<RollbackResult> {
  const request = accept(input, pointInTimeRequest);
  if (hasAnotherId(request)) return continueUnderServiceId('pointInTimeRestore', request);
  return operate({ kind: 'point-in-time-restore', request }, inOrder);
}

interface Found {
  restored: RestoredInstance;
  compared: ComparedInstance;
}

async function inOrder(context: OperationContext): Promise<StageEnd> {
  const { operation, assess, gate, step, undoBy, writes, reversible, irreversible } = context;

  const assessed = await assess(); // the recovery time is found, and the provider can restore it
  if (assessed.kind === 'nothing-to-do') return finished('nothing-to-do', assessed.reason);
  const plan = assessed.plan as PointInTimePlan; // as it was asked for

  // Taken up after the switch, putting back would start the newer release on a database that may not fit it.
  const untilThePivot = plan.takesUp?.pivotPassed ? irreversible : reversible;
  const found = await untilThePivot(async () => {
    await gate('start', plan, shownAtRecoveryStart(plan, assessed.observations));
    undoBy('put-back', () => ({ plan, ...operation.howFar }));
    const stopped = await writes.stop(plan);
    const restored = await step('restore-instance', { plan });
    const compared = await step('compare-instance', { plan, restored, stopped });
    const approved = await gate(
      'restore', // "if data loss is acceptable"
      approvedAtSwitch(plan, restored, compared),
      shownAtSwitch(plan, { stopped, restored, compared }),
      compared.loses,
    );
    writes.mustBeGuarded();
    undoBy('switch-back', () => ({ plan, restored, compared }));
    await step('switch-database', { plan, restored, compared, approved });
    await step('roll-back-app', { plan });
    return { restored, compared };
  });

  return irreversible(
    async () => {
      await writes.start(plan); // the pivot: from here on the new instance is written to
      for (const { name } of plan.cronJobs) await step('resume-cron-jobs', { plan, cronJob: name });
      const { recovery } = plan;
      return finished(
        'restored',
        `The application runs on ${recovery.newInstance}, which is ${recovery.instance} as it was at ${utc(recovery.to)}, at ${plan.target}.`,
      );
    },
    (reason) => wentBack(context, plan, found, reason),
  );
}

/** `restore` at a hold after the switch: the old instance again, as long as nothing was written to the new one. */
async function wentBack(
  { step, writes, undo }: OperationContext,
  plan: PointInTimePlan,
  found: Found,
  reason: string,
): Promise<StageEnd> {
  await writes.ensureStopped(plan);
  await step('switch-back', { plan, ...found });
  return undo(reason, 'put-back', 'person');
}
