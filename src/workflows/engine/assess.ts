import type { Fault } from '../../domain/failures.ts';
import type { Assessment } from '../../domain/plan/plan.ts';
import { Refusal } from './accept.ts';
import { proveStart } from './check-proof.ts';
import type { Operation } from './operation.ts';
import { faultOf } from './run-activity.ts';
import { runStep } from './run-step.ts';
import { isCancelled } from './stage-exit.ts';

const named = ({ type, message, next }: Fault) => `${type}: ${message} ${next}`;

/** What stands at the start of every rollback: a plan, or the finding that there is nothing to do. */
export type Assessed = Exclude<Assessment, { kind: 'refused' }>;

/**
 * Pins the plan (runbook, Pre-Rollback Checklist and Step 3). Throws Refused with every fault and its next
 * move; nothing is touched then.
 */
export async function assess(operation: Operation): Promise<Assessed> {
  await proveStart(operation);
  const { requested, id, run } = operation;
  const input = { ...requested, operation: id, ...run, onlyPlan: false };
  const assessment = await runStep(operation, 'assess', input).catch((error: unknown): Assessment => {
    if (isCancelled(error)) throw error;
    return { kind: 'refused', faults: [faultOf(error)] };
  });
  if (assessment.kind === 'planned') {
    operation.pin(assessment);
    return assessment;
  }
  operation.endsWithoutPlan(assessment.notificationSettings);
  if (assessment.kind === 'nothing-to-do') return assessment;
  const { faults, notificationSettings } = assessment;
  const reason = `${faults.map(named).join('\n')}\n`;
  if (notificationSettings) operation.note({ kind: 'ended', outcome: 'rejected', reason, leftBy: 'failure' });
  throw new Refusal('Refused', reason, [faults]);
}
