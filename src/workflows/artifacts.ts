import { ApplicationFailure, proxyActivities, workflowInfo } from '@temporalio/workflow';
import { artifactsRequest, removeArtifactsRequest } from '../domain/artifacts.ts';
import type { ArtifactActivities, ArtifactList, RemovedArtifacts } from '../domain/artifacts.ts';
import { operationId } from '../domain/names.ts';
import { accept } from './engine/accept.ts';
import { faultOf } from './engine/run-activity.ts';

const activities = (summary: string) =>
  proxyActivities<ArtifactActivities>({
    startToCloseTimeout: '30m',
    heartbeatTimeout: '5s',
    retry: { initialInterval: '1s', backoffCoefficient: 2, maximumInterval: '10s', maximumAttempts: 5 },
    cancellationType: 'WAIT_CANCELLATION_COMPLETED',
    summary,
  });

/** Lists what Backstep left for a service: snapshots, failed databases, dumps, salvage files. */
export async function artifacts(input: unknown): Promise<ArtifactList> {
  const request = accept(input, artifactsRequest);
  return activities('List what is kept').artifacts({ request, operation: own() }).catch(ended);
}

/** Removes some of it. What an unfinished operation may need stays, and is named. */
export async function removeArtifacts(input: unknown): Promise<RemovedArtifacts> {
  const request = accept(input, removeArtifactsRequest);
  return activities('Remove what is kept')['remove-artifacts']({ request, operation: own() }).catch(ended);
}

/** Sessions and Jobs are named after it, as those of any operation. */
const own = () => operationId(workflowInfo().firstExecutionRunId);

const ended = (error: unknown): never => {
  const { type, message, next } = faultOf(error);
  throw ApplicationFailure.nonRetryable(`${message} ${next}`, type);
};
