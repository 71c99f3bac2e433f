import type { Client } from '@temporalio/client';
import type { z } from 'zod';
import { startingAlert } from '../domain/alert.ts';
import type { StartingAlert } from '../domain/alert.ts';
import { shortHash } from '../domain/plan/hash.ts';
import { rollbackRequest } from '../domain/plan/request.ts';
import { describeLastRun, endOf, requestOf } from './last-run.ts';
import { start } from './start.ts';
import type { AnsweredBecause, Started } from './start.ts';
import { query, workerPolls } from './status.ts';
import type { Progress } from '../views/progress.ts';

interface Run {
  workflowId: string;
  runId: string;
}

/** A request by an alert, which names its own trigger. */
export const alertRequest = rollbackRequest.omit({ trigger: true }).extend({ alert: startingAlert });
export type AlertRequest = z.infer<typeof alertRequest>;

/** So many runs are looked through for the one that an alert started. */
const runsLookedAt = 50;

/** An alert's word for its incident: the same for each repeat, so that it names one rollback. */
export function triggerOf({ source, fingerprint }: Pick<StartingAlert, 'source' | 'fingerprint'>): string {
  const trigger = `${source}:${fingerprint}`;
  return trigger.length <= 200 ? trigger : `${trigger.slice(0, 180)}-${shortHash(trigger)}`;
}

/**
 * Starts the rollback that an alert asks for, or answers with the run that the alert belongs to: the one it
 * started, open or ended in whatever way, however long ago Temporal still knows; one that noted it; or whichever
 * ended within the cool-down, so that the rest of a storm does not ask again what somebody has just decided.
 * Nothing is sent to a run for a repeat.
 */
export async function startByAlert(
  client: Client,
  taskQueue: string,
  request: AlertRequest,
  coolDown?: number,
): Promise<Started> {
  const trigger = triggerOf(request.alert);
  const worker = await workerPolls(client, taskQueue);
  const found = await runOf(client, request, { trigger, worker, coolDown: coolDown ?? hour });
  if (found !== undefined) return { ...found, worker };
  return start(client, taskQueue, { type: 'rollback', request: { ...request, trigger } }, coolDown);
}

async function runOf(
  client: Client,
  { service, alert }: AlertRequest,
  { trigger, worker, coolDown }: { trigger: string; worker: boolean; coolDown: number },
): Promise<Omit<Started, 'worker'> | undefined> {
  const last = await describeLastRun(client, service);
  if (last === undefined) return undefined;
  const isOpen = last.status.name === 'RUNNING';
  if ((await requestOf(client, last))?.trigger === trigger) return answer(client, last, isOpen, startedIt);
  if (isOpen) return answer(client, last, true, ['open', `an operation on ${service} is open`]);
  const earlier = await earlierRun(client, last, trigger);
  if (earlier !== undefined) return answer(client, earlier, false, startedIt);
  if (worker && (await noted(client, last, alert)))
    return answer(client, last, false, ['noted', 'it was noted in the operation that was open then']);
  const since = Date.now() - (last.closeTime?.getTime() ?? 0);
  if (since >= coolDown) return undefined;
  const minutes = Math.ceil(since / 60_000);
  const why = `an operation on ${service} ended ${minutes} min ago; start by hand if it is needed`;
  return answer(client, last, false, ['ended-lately', why]);
}

const hour = 3_600_000;
type Why = readonly [because: AnsweredBecause, inWords: string];
const startedIt: Why = ['same-request', 'this alert started it'];

const answer = async (
  client: Client,
  { workflowId, runId }: Run,
  isOpen: boolean,
  [because, why]: Why,
): Promise<Omit<Started, 'worker'>> => ({
  workflowId,
  runId,
  already: isOpen
    ? { state: 'running', because, why }
    : { state: 'ended', because, why, end: await endOf(client, { workflowId, runId }) },
});

/** By memo, in Temporal's list of runs, which may lag by a second; the last run is described instead. */
async function earlierRun(client: Client, { workflowId }: Run, trigger: string): Promise<Run | undefined> {
  let looked = 0;
  const query = `WorkflowId = '${workflowId}'`;
  for await (const { runId, memo } of client.workflow.list({ query, pageSize: runsLookedAt })) {
    if (memo?.['trigger'] === trigger) return { workflowId, runId };
    if (++looked === runsLookedAt) return undefined;
  }
  return undefined;
}

/** True where the run that ended last noted the alert while it was open. */
async function noted(client: Client, run: Run, { source, fingerprint }: StartingAlert): Promise<boolean> {
  try {
    const { annotations = [] } = await query<Partial<Progress>>(client, run, 'progress');
    return annotations.some((one) => one.source === source && one.fingerprint === fingerprint);
  } catch {
    // A run that cannot be asked any more has noted nothing that we know of.
    return false;
  }
}
