import { getClient } from '@temporalio/activity';
import { Client, WorkflowNotFoundError } from '@temporalio/client';
import { NamespaceNotFoundError } from '@temporalio/common';
import { searchAttributes } from '../../domain/approval/messages.ts';
import type { OperationRecord } from '../../domain/record.ts';

/**
 * Whether the run that wrote a record is still open. After a *Reset* it is another run of the same chain, so
 * the first run of whatever runs under that workflow ID is compared.
 */
export async function isOpen(record: OperationRecord): Promise<boolean> {
  try {
    const { connection, options } = getClient();
    const client = new Client({ connection, namespace: record.temporalNamespace ?? options.namespace });
    const { status, raw } = await client.workflow.getHandle(record.workflowId).describe();
    return status.name === 'RUNNING' && raw.workflowExecutionInfo?.firstRunId === record.runId;
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return false;
    // Of a Temporal that this worker does not know: nobody can say that it has ended.
    if (error instanceof NamespaceNotFoundError) return true;
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
