import { isCancellation } from '@temporalio/workflow';
import type { Assessment } from '../../domain/plan/plan.ts';
import type { Fault } from '../../domain/failures.ts';
import { refusal } from './accept.ts';
import { faultOf, runActivity } from './run-activity.ts';
import type { Operation } from './operation.ts';
import { assess as declared } from '../../activities/assess/step.ts';

const named = ({ type, message, next }: Fault) => `${type}: ${message} ${next}`;

/** What stands at the start of every rollback: a plan, or the finding that there is nothing to do. */
export type Assessed = Exclude<Assessment, { kind: 'refused' }>;

/**
 * Pins the plan (runbook, Pre-Rollback Checklist and Step 3). Throws Refused with every fault and its next
 * move; nothing is touched then.
 */
export async function assess(operation: Operation): Promise<Assessed> {
  const of = { step: 'assess', try: operation.nextTry('assess') } as const;
  operation.note({ kind: 'step-began', ...of });
  const assessment = await runActivity('assess', {
    ...operation.asked,
    operation: operation.id,
    ...operation.run,
    onlyPlan: false,
  }).catch((error: unknown): Assessment => {
    const fault = faultOf(error);
    if (isCancellation(error)) {
      operation.note({ kind: 'step-failed', ...of, fault });
      throw error;
    }
    return { kind: 'refused', faults: [fault] };
  });
  if (assessment.kind === 'refused') {
    const { faults, tells } = assessment;
    const [first] = faults;
    if (first) operation.note({ kind: 'step-failed', ...of, fault: first });
    const reason = `${faults.map(named).join('\n')}\n`;
    if (tells) {
      operation.tells = tells;
      operation.note({ kind: 'ended', outcome: 'rejected', reason, leftBy: 'failure' });
    }
    throw refusal('Refused', reason, [faults]);
  }
  if (assessment.kind === 'nothing-to-do') {
    if (assessment.tells) operation.tells = assessment.tells;
    operation.note({ kind: 'step-ended', ...of, summary: assessment.reason });
    return assessment;
  }
  const { plan, hash, observations, searchAttributes } = assessment;
  Object.assign(operation, { plan, hash, observations, searchable: searchAttributes });
  operation.note({ kind: 'step-ended', ...of, ...declared.summary(assessment), found: observations });
  return assessment;
}
