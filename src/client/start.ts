import type { Client } from '@temporalio/client';
import { WorkflowExecutionAlreadyStartedError } from '@temporalio/common';
import { markdownLine } from '../views/render/markdown.ts';
import { workflowIdOf } from '../domain/names.ts';
import type { RollbackRequest } from '../domain/plan/request.ts';
import { isRelative } from '../domain/plan/revision.ts';
import { ClientError } from './client-error.ts';
import type { PointInTimeRequest } from '../domain/plan/point-in-time.ts';
import type { Finished } from '../domain/journal/result.ts';
import { describeLastRun, endOf, requestOf } from './last-run.ts';
import type { End } from './last-run.ts';
import { workerPolls } from './status.ts';

/**
 * Why a run answers a request in place of a new one. `same-request`: the same trigger or alert started it; `open`:
 * only one operation of a service at a time; `noted`: the alert is in its journal; `ended-lately`: within the cool-down.
 */
export type AnsweredBecause = 'same-request' | 'open' | 'noted' | 'ended-lately';

/** The run that answers a request: a new one, or the one that the request would repeat. */
export interface Started {
  workflowId: string;
  runId: string;
  /** Absent for a new run; otherwise how the run found stands, and why it answers: as data, and in words. */
  already?: { state: 'running' | 'ended'; because: AnsweredBecause; why: string; end?: End };
  /** False where no worker polls: the run waits for one. */
  worker: boolean;
}

const hour = 3_600_000;

/** What is started: both go from one revision to another. */
export type Begun =
  | { type: 'rollback'; request: RollbackRequest }
  | { type: 'pointInTimeRestore'; request: PointInTimeRequest };

/**
 * Starts a rollback, or a point-in-time restore. The last run is described first: an open one, one of the same
 * trigger, or one that ended within the cool-down, where `-1` again would move one further, is the answer instead.
 */
export async function start(
  client: Client,
  taskQueue: string,
  begun: Begun,
  coolDown = hour,
): Promise<Started> {
  const { type, request } = begun;
  const workflowId = workflowIdOf(request.service);
  const worker = await workerPolls(client, taskQueue);
  const answered = await answeredBy(client, begun, coolDown);
  if (answered !== undefined) return { ...answered, worker };
  try {
    const handle = await client.workflow.start(type, {
      workflowId,
      taskQueue,
      args: [request],
      // By which an earlier run is found after others have ended.
      ...(request.trigger !== undefined && { memo: { trigger: request.trigger } }),
      workflowIdConflictPolicy: 'FAIL',
      workflowIdReusePolicy: 'ALLOW_DUPLICATE',
      staticSummary:
        type === 'rollback'
          ? `Roll ${request.service} back, target ${request.target}`
          : `Restore ${request.service} to ${request.to ?? 'the time before the migration'}`,
      staticDetails: askedFor(request),
    });
    return { workflowId, runId: handle.firstExecutionRunId, worker };
  } catch (error) {
    if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
    const open = await answeredBy(client, begun, coolDown);
    if (open !== undefined) return { ...open, worker };
    throw error;
  }
}

/** Markdown, shown in the Temporal UI beside what the workflow itself says. */
export const askedFor = ({
  requestedBy = 'somebody',
  reason,
  trigger,
}: Pick<RollbackRequest, 'requestedBy' | 'reason' | 'trigger'>) =>
  [
    `Asked for by ${markdownLine(requestedBy)}${reason === undefined ? '' : `: ${markdownLine(reason)}`}`,
    ...(trigger === undefined ? [] : [`Trigger: ${markdownLine(trigger)}`]),
  ].join('\n\n');

async function answeredBy(
  client: Client,
  { type, request }: Begun,
  coolDown: number,
): Promise<Omit<Started, 'worker'> | undefined> {
  const last = await describeLastRun(client, request.service);
  if (last === undefined) return undefined;
  const { workflowId, runId } = last;
  if (last.status.name === 'RUNNING') {
    const noun = type === 'rollback' ? 'rollback' : 'point-in-time restore';
    if (last.type !== type) {
      const next = `Follow it, or end it first: \`backstep status ${request.service} --watch\`.`;
      throw new ClientError(
        'refused',
        `Workflow ${workflowId} is open and no ${noun} but "${last.type}".`,
        next,
      );
    }
    const why = `a ${noun} of this service is open`;
    return { workflowId, runId, already: { state: 'running', because: 'open', why } };
  }
  // One that failed, was cancelled or terminated came to no end that could answer.
  if (last.status.name !== 'COMPLETED') return undefined;
  const end = await endOf(client, last);
  const asked = await requestOf(client, last);
  if (request.trigger !== undefined && asked?.trigger === request.trigger) {
    const why = 'the same trigger started it';
    return { workflowId, runId, already: { state: 'ended', because: 'same-request', why, end } };
  }
  const moved = 'result' in end && 'outcome' in end.result && isMoved(end.result);
  const since = Date.now() - (last.closeTime?.getTime() ?? 0);
  if (moved && isRelative(request.target) && since < coolDown) {
    const why = `it ended ${Math.ceil(since / 60_000)} min ago, and ${request.target} again would move further; name the revision if you mean that`;
    return { workflowId, runId, already: { state: 'ended', because: 'ended-lately', why, end } };
  }
  return undefined;
}

const isMoved = ({ kind, outcome }: Finished): boolean =>
  outcome === 'rolled-back' || (kind === 'point-in-time-restore' && outcome === 'restored');
