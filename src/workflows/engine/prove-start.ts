import { workflowInfo } from '@temporalio/workflow';
import type { RollbackRequest } from '../../domain/plan/request.ts';
import { startContradiction } from '../../domain/approval/start-statement.ts';
import { checkStart } from './check-proof.ts';
import type { Operation } from './operation.ts';

/**
 * Finds out whether the gateway signed who started it. From then on the request says of that only what is proved;
 * whatever is not is told in the report, and a person is asked in its place.
 */
export async function proveStart(operation: Operation): Promise<void> {
  const { asked } = operation;
  const { proof, requestedVia, ...request } = asked.request as RollbackRequest;
  if (proof !== undefined) {
    const stated = await checkStart(operation, proof);
    const began = workflowInfo().startTime.getTime();
    const refused =
      'refused' in stated
        ? stated.refused
        : startContradiction(stated, asked.request as RollbackRequest, began);
    if (refused !== undefined) operation.ignore('start', request.requestedBy ?? 'somebody', refused);
    else if ('issuer' in stated && stated.issuer !== undefined) operation.started = { issuer: stated.issuer };
    else operation.started = {};
  }
  const via = operation.started && requestedVia !== undefined && { requestedVia };
  operation.asked = { ...asked, request: { ...request, ...via } };
}
