import type { Client } from '@temporalio/client';
import { WorkflowExecutionAlreadyStartedError } from '@temporalio/common';
import type { EmergencyRequest } from '../domain/plan/emergency-request.ts';
import { describeRestoreFrom } from '../domain/plan/emergency-request.ts';
import { workflowIdOf } from '../domain/names.ts';
import { describeLastRun, endOf, requestOf } from './last-run.ts';
import { askedFor, type Started } from './start.ts';
import { workerPolls } from './status.ts';

/**
 * Starts an emergency restore. While another operation of the service is open it is started beside that, under an
 * ID of its own: there it finds out whether that one restores for it, or says what to do (`already` is then how it
 * ended). The same trigger again is answered with the first run.
 */
export async function startRestore(
  client: Client,
  taskQueue: string,
  request: EmergencyRequest,
): Promise<Started> {
  const workflowId = workflowIdOf(request.service);
  const worker = await workerPolls(client, taskQueue);
  const last = await describeLastRun(client, request.service);
  if (last !== undefined && request.trigger !== undefined) {
    const { trigger } = (await requestOf(client, last)) ?? {};
    const { runId } = last;
    const same = { because: 'same-request', why: 'the same trigger started it' } as const;
    if (trigger === request.trigger && last.status.name === 'RUNNING')
      return { workflowId, runId, worker, already: { state: 'running', ...same } };
    if (trigger === request.trigger && last.status.name === 'COMPLETED') {
      const end = await endOf(client, last);
      return { workflowId, runId, worker, already: { state: 'ended', ...same, end } };
    }
  }
  try {
    const handle = await begin(client, taskQueue, request, workflowId);
    return { workflowId, runId: handle.firstExecutionRunId, worker };
  } catch (error) {
    if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
    return handOver(client, taskQueue, request, worker);
  }
}

const begin = (client: Client, taskQueue: string, request: EmergencyRequest, workflowId: string) =>
  client.workflow.start('emergencyRestore', {
    workflowId,
    taskQueue,
    args: [request],
    workflowIdConflictPolicy: 'FAIL',
    workflowIdReusePolicy: 'ALLOW_DUPLICATE',
    staticSummary: `Restore ${request.service} from ${describeRestoreFrom(request.from)}`,
    staticDetails: askedFor(request),
  });

/** Beside the open one: it ends within seconds, by what the open one answers. */
async function handOver(
  client: Client,
  taskQueue: string,
  request: EmergencyRequest,
  worker: boolean,
): Promise<Started> {
  const own = workflowIdOf(request.service);
  const handle = await begin(client, taskQueue, request, `${own}-emergency-${Date.now().toString(36)}`);
  const run = { workflowId: handle.workflowId, runId: handle.firstExecutionRunId };
  const open = { because: 'open', why: `workflow ${own} is open` } as const;
  if (!worker) return { ...run, worker, already: { state: 'running', ...open } };
  return { ...run, worker, already: { state: 'ended', ...open, end: await endOf(client, run) } };
}
