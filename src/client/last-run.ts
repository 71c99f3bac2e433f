import type { Client, WorkflowExecutionDescription } from '@temporalio/client';
import { WorkflowFailedError } from '@temporalio/client';
import { WorkflowNotFoundError, defaultPayloadConverter } from '@temporalio/common';
import { z } from 'zod';
import { emergencyRequest } from '../domain/plan/emergency-request.ts';
import { workflowIdOf } from '../domain/names.ts';
import { pointInTimeRequest } from '../domain/plan/point-in-time.ts';
import { rollbackRequest } from '../domain/plan/request.ts';
import type { RollbackRequest } from '../domain/plan/request.ts';
import type { RollbackResult } from '../domain/journal/result.ts';
import { said } from './client-error.ts';
import type { Said } from './client-error.ts';

/** How a run ended: with a result, or with a failure as people should read it. */
export type End = { result: RollbackResult } | { failure: Said };

/** The newest run of a service's rollback as Temporal describes it; undefined where there was none. */
export async function describeLastRun(
  client: Client,
  service: string,
): Promise<WorkflowExecutionDescription | undefined> {
  try {
    return await client.workflow.getHandle(workflowIdOf(service)).describe();
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return undefined;
    throw error;
  }
}

const anyRequest = z.union([rollbackRequest, emergencyRequest, pointInTimeRequest]);

/**
 * What a run was asked for: read from its first event, since it may have been started by any client.
 * Undefined where that is no request.
 */
export async function requestOf(
  client: Client,
  run: { workflowId: string; runId: string },
): Promise<Pick<RollbackRequest, 'service' | 'trigger'> | undefined> {
  const { history } = await client.workflowService.getWorkflowExecutionHistory({
    namespace: client.options.namespace,
    execution: run,
    maximumPageSize: 1,
  });
  const input = history?.events?.[0]?.workflowExecutionStartedEventAttributes?.input?.payloads;
  return input?.[0] ? anyRequest.safeParse(defaultPayloadConverter.fromPayload(input[0])).data : undefined;
}

/** How a closed run ended. */
export async function endOf(client: Client, run: { workflowId: string; runId: string }): Promise<End> {
  const handle = client.workflow.getHandle(run.workflowId, run.runId, { followRuns: false });
  try {
    return { result: (await handle.result()) as RollbackResult };
  } catch (error) {
    if (error instanceof WorkflowFailedError) return { failure: said(error.cause) };
    throw error;
  }
}
