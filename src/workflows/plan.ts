import { workflowInfo } from '@temporalio/workflow';
import { operationId } from '../domain/names.ts';
import type { Assessment } from '../domain/plan/plan.ts';
import { rollbackRequest } from '../domain/plan/request.ts';
import { accept } from './engine/accept.ts';
import { faultOf, runActivity } from './engine/run-activity.ts';

/** Tells what a rollback would do, and touches nothing; refusals are part of the answer. */
export async function plan(input: unknown): Promise<Assessment> {
  const request = accept(input, rollbackRequest);
  const { firstExecutionRunId: runId, workflowId } = workflowInfo();
  return runActivity('assess', {
    kind: 'rollback',
    request,
    operation: operationId(runId),
    workflowId,
    runId,
    onlyPlan: true,
  }).catch((error: unknown): Assessment => ({ kind: 'refused', faults: [faultOf(error)] }));
}
