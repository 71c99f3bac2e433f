import { WorkflowExecutionAlreadyStartedError } from '@temporalio/common';
import { ParentClosePolicy, startChild, workflowInfo } from '@temporalio/workflow';
import { workflowIdOf } from '../../domain/names.ts';
import type { Continued } from '../../domain/journal/result.ts';
import { Refusal } from './accept.ts';

interface Sent {
  service: string;
}

const declared = {
  rollback: 'Roll back',
  emergencyRestore: 'Restore',
  pointInTimeRestore: 'Restore to an earlier time:',
} as const;

/** True where the workflow runs under another ID than the service's own, which alone excludes a second one. */
export const hasAnotherId = ({ service }: Sent) => workflowInfo().workflowId !== workflowIdOf(service);

/**
 * Starts the workflow under the service's own workflow ID and leaves it to itself: from the UI people choose
 * any ID, and a schedule appends a time to it. Throws AlreadyRunning naming the one that is open.
 */
export async function continueUnderServiceId(
  type: 'rollback' | 'emergencyRestore' | 'pointInTimeRestore',
  request: Sent,
): Promise<Continued> {
  const workflowId = workflowIdOf(request.service);
  try {
    await startChild(type, {
      workflowId,
      args: [request],
      parentClosePolicy: ParentClosePolicy.ABANDON,
      workflowIdReusePolicy: 'ALLOW_DUPLICATE',
      staticSummary: `${declared[type]} ${request.service}`,
    });
  } catch (error) {
    if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
    throw new Refusal(
      'AlreadyRunning',
      `An operation on ${request.service} is open as workflow ${workflowId}.`,
    );
  }
  return { continuesAs: workflowId };
}
