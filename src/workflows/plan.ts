import { workflowInfo } from '@temporalio/workflow';
import { operationId } from '../runbook/names.ts';
import type { Assessment } from '../runbook/plan.ts';
import { rollbackRequest } from '../runbook/request.ts';
import { accept } from './accept.ts';
import { deed, faultOf } from './deed.ts';

/** Tells what a rollback would do, and touches nothing; refusals are part of the answer. */
export async function plan(input: unknown): Promise<Assessment> {
  const request = accept(input, rollbackRequest);
  const { firstExecutionRunId: runId, workflowId } = workflowInfo();
  return deed('assess', { request, operation: operationId(runId), workflowId, runId, onlyPlan: true }).catch(
    (error: unknown): Assessment => ({ kind: 'refused', faults: [faultOf(error)] }),
  );
}
