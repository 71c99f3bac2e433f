import { getClient } from '@temporalio/activity';
import { WorkflowNotFoundError } from '@temporalio/client';
import { searchAttributes } from '../../runbook/messages.ts';
import type { OperationRecord } from '../../runbook/record.ts';

/**
 * Whether the run that wrote a record is still open. After a *Reset* it is another run of the same chain, so
 * the first run of whatever runs under that workflow ID is compared.
 */
export async function isOpen(record: OperationRecord): Promise<boolean> {
  try {
    const { status, raw } = await getClient().workflow.getHandle(record.workflowId).describe();
    return status.name === 'RUNNING' && raw.workflowExecutionInfo?.firstRunId === record.runId;
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return false;
    throw error;
  }
}

/** Whether all of Backstep's search attributes are registered: an unregistered one wedges the workflow task. */
export async function areSearchAttributesRegistered(): Promise<boolean> {
  const { connection, options } = getClient();
  try {
    const { customAttributes } = await connection.operatorService.listSearchAttributes({
      namespace: options.namespace,
    });
    return Object.values(searchAttributes).every((name) => name in (customAttributes ?? {}));
  } catch {
    // Without the right to ask, progress is shown without them.
    return false;
  }
}
