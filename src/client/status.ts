import { setTimeout as pause } from 'node:timers/promises';
import type { Client, WorkflowExecutionDescription } from '@temporalio/client';
import { defaultPayloadConverter } from '@temporalio/common';
import proto from '@temporalio/proto';
import type { AtWork, Doing } from '../domain/journal/at-work.ts';
import { ClientError, clientError } from './client-error.ts';
import { endOf } from './last-run.ts';
import type { End } from './last-run.ts';
import { stepNames } from '../activities/steps.ts';
import type { Progress } from '../views/progress.ts';

/** A rollback as it stands: what it says itself, merged with what the server knows. */
export interface Status {
  service: string;
  workflowId: string;
  runId: string;
  /** `rollback`, `emergencyRestore` or `pointInTimeRestore`. */
  type?: string;
  /** Temporal's own: RUNNING, COMPLETED, FAILED, CANCELLED, TERMINATED, TIMED_OUT. */
  state: string;
  startedAt: string;
  endedAt?: string;
  /** Absent where no worker answers. */
  progress?: Progress;
  atWork: AtWork[];
  /** Said where a worker is needed and none answers. */
  noWorker?: string;
  end?: End;
}

const { PendingActivityState, TaskQueueType } = proto.temporal.api.enums.v1;

/** Longest wait for a worker's answer to a query; milliseconds. */
const queryTimeout = 5_000;
/** A worker polls at least once a minute; an older poller is one that died. */
const pollerAge = 75_000;

/** True where a worker has polled the task queue lately. */
export async function workerPolls(client: Client, taskQueue: string): Promise<boolean> {
  const { pollers } = await client.workflowService.describeTaskQueue({
    namespace: client.options.namespace,
    taskQueue: { name: taskQueue },
    taskQueueType: TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW,
  });
  return (pollers ?? []).some(({ lastAccessTime }) => Date.now() - milliseconds(lastAccessTime) < pollerAge);
}

/** Queries a rollback. Throws ClientError `no-worker` where none answers within 5 s. */
export async function query<T>(
  client: Client,
  run: { workflowId: string; runId: string },
  name: string,
): Promise<T> {
  const handle = client.workflow.getHandle(run.workflowId, run.runId);
  try {
    return await client.connection.withDeadline(Date.now() + queryTimeout, () => handle.query<T>(name));
  } catch (error) {
    throw clientError(error, `ask for its ${name}`);
  }
}

/** Reads how a run stands. Never throws for want of a worker: says so in `noWorker`. */
export async function readStatus(
  client: Client,
  taskQueue: string,
  service: string,
  described: WorkflowExecutionDescription,
): Promise<Status> {
  const { workflowId, runId, startTime, closeTime } = described;
  const status: Status = {
    service,
    workflowId,
    runId,
    type: described.type,
    state: described.status.name,
    startedAt: startTime.toISOString(),
    atWork: activitiesOf(described),
  };
  if (closeTime !== undefined) {
    status.endedAt = closeTime.toISOString();
    status.end = await endOf(client, described);
  }
  try {
    // A rollback without a poller would be waited for in vain.
    if (!(await workerPolls(client, taskQueue)))
      throw new ClientError('no-worker', 'No worker polls the task queue.', 'Start one.');
    status.progress = await query<Progress>(client, described, 'progress');
  } catch (error) {
    const { kind, message, next } = clientError(error, 'read its progress');
    if (kind !== 'no-worker' && kind !== 'failed') throw error;
    status.noWorker = `${message} ${next}`;
  }
  return status;
}

/**
 * How it stands, again and again until it has ended or the signal is aborted.
 *
 * @param every milliseconds between two looks
 */
export async function* watched(
  progress: () => Promise<Status>,
  every: number,
  signal: AbortSignal | undefined,
): AsyncGenerator<Status> {
  for (;;) {
    const status = await progress();
    yield status;
    if (status.endedAt !== undefined || signal?.aborted) return;
    await pause(every, undefined, { signal }).catch(() => undefined);
  }
}

/** The pending activities of a run. One whose type is no step of ours is left out. */
export function activitiesOf(described: Pick<WorkflowExecutionDescription, 'raw'>): AtWork[] {
  return (described.raw.pendingActivities ?? []).flatMap((pending): AtWork[] => {
    const step = stepNames.find((name) => name === pending.activityType?.name);
    if (step === undefined) return [];
    const payload = pending.heartbeatDetails?.payloads?.[0];
    const latest = payload ? defaultPayloadConverter.fromPayload<Doing | undefined>(payload) : undefined;
    const running = pending.state === PendingActivityState.PENDING_ACTIVITY_STATE_STARTED;
    return [
      {
        step,
        attempt: pending.attempt ?? 1,
        ...(running ? at('startedAt', pending.lastStartedTime) : at('nextAttemptAt', pending.scheduledTime)),
        ...at('heartbeatAt', pending.lastHeartbeatTime),
        ...(typeof latest?.doing === 'string' ? { latest } : {}),
        ...(pending.lastFailure?.message ? { lastFailure: pending.lastFailure.message } : {}),
      },
    ];
  });
}

type Timestamp = { seconds?: unknown; nanos?: number | null } | null | undefined;

const at = (name: 'startedAt' | 'heartbeatAt' | 'nextAttemptAt', time: Timestamp) =>
  time ? { [name]: new Date(milliseconds(time)).toISOString() } : {};

const milliseconds = (time: Timestamp) =>
  Number(time?.seconds ?? 0) * 1_000 + Math.floor((time?.nanos ?? 0) / 1e6);
