import { ApplicationFailure, proxyActivities, workflowInfo } from '@temporalio/workflow';
import { keptRequest, removeKeptRequest } from '../domain/artifacts.ts';
import type { KeptDeeds, KeptList, RemovedKept } from '../domain/artifacts.ts';
import { operationId } from '../domain/names.ts';
import { accept } from './engine/accept.ts';
import { faultOf } from './engine/run-activity.ts';

const deeds = (summary: string) =>
  proxyActivities<KeptDeeds>({
    startToCloseTimeout: '30m',
    heartbeatTimeout: '5s',
    retry: { initialInterval: '1s', backoffCoefficient: 2, maximumInterval: '10s', maximumAttempts: 5 },
    cancellationType: 'WAIT_CANCELLATION_COMPLETED',
    summary,
  });

/** Lists what Backstep left for a service: restore points, failed databases, dumps, salvage files. */
export async function kept(input: unknown): Promise<KeptList> {
  const request = accept(input, keptRequest);
  return deeds('List what is kept').kept({ request, operation: own() }).catch(ended);
}

/** Removes some of it. What an unfinished operation may need stays, and is named. */
export async function removeKept(input: unknown): Promise<RemovedKept> {
  const request = accept(input, removeKeptRequest);
  return deeds('Remove what is kept')['remove-kept']({ request, operation: own() }).catch(ended);
}

/** Sessions and Jobs are named after it, as those of any operation. */
const own = () => operationId(workflowInfo().firstExecutionRunId);

const ended = (error: unknown): never => {
  const { type, message, next } = faultOf(error);
  throw ApplicationFailure.nonRetryable(`${message} ${next}`, type);
};
