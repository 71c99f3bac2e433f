import { WorkflowExecutionAlreadyStartedError } from '@temporalio/common';
import { executeChild, workflowInfo } from '@temporalio/workflow';
import { rehearsalIdOf, rehearseRequest, type RehearsalResult } from '../domain/live-rehearsal.ts';
import { operationId } from '../domain/names.ts';
import type { Assessment } from '../domain/plan/plan.ts';
import { accept, Refusal } from './engine/accept.ts';
import { faultOf, runActivity } from './engine/run-activity.ts';

/**
 * Rehearses a rollback on a copy of the live database, which stays in use (runbook, Prevention: "Test
 * rollback as part of migration testing"). Nothing of it needs a person; it never writes the operation record, and
 * yields to a rollback. Under another ID than its own (a Schedule appends a time) it runs as its own child.
 */
export async function rehearse(input: unknown): Promise<RehearsalResult> {
  const request = accept(input, rehearseRequest);
  const { service } = request;
  const { firstExecutionRunId: runId, workflowId } = workflowInfo();
  if (workflowId !== rehearsalIdOf(service)) return underOwnId(request);
  const of = { operation: operationId(runId), workflowId, runId };
  const assessment = await runActivity('assess', { kind: 'rollback', request, ...of, onlyPlan: true }).catch(
    (error: unknown): Assessment => ({ kind: 'refused', faults: [faultOf(error)] }),
  );
  if (assessment.kind === 'refused') return { service, outcome: 'refused', faults: assessment.faults };
  if (assessment.kind === 'nothing-to-do')
    return { service, outcome: 'nothing-to-do', why: assessment.reason };
  const { plan } = assessment;
  const found = await runActivity('rehearse-live', { plan, try: 1 });
  const losses = found.outcome === 'works' ? found.rehearsal.losses : [];
  const never = plan.service.salvage.use === 'never';
  const notSalvaged = losses.filter(({ kind }) => never || kind === 'large objects');
  return { service, from: plan.from, target: plan.target, notSalvaged, ...found };
}

async function underOwnId(request: { service: string }): Promise<RehearsalResult> {
  const workflowId = rehearsalIdOf(request.service);
  try {
    // By its name: what the type declares of its arguments would be asked of this one too.
    return await executeChild<typeof rehearse>('rehearse', {
      workflowId,
      args: [request],
      workflowIdReusePolicy: 'ALLOW_DUPLICATE',
      staticSummary: `Rehearse ${request.service}`,
    });
  } catch (error) {
    if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
    throw new Refusal(
      'AlreadyRunning',
      `A rehearsal of ${request.service} is open as workflow ${workflowId}.`,
    );
  }
}
