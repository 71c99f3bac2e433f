import {
  ActivityFailure,
  ApplicationFailure,
  TimeoutFailure,
  isCancellation,
  proxyActivities,
} from '@temporalio/workflow';
import type { ActivityInput, ActivityOutput, Activities } from '../../domain/deeds.ts';
import { fault, isFailureType } from '../../domain/failures.ts';
import type { Fault } from '../../domain/failures.ts';
import { step } from '../../domain/steps.ts';
import type { StepName } from '../../domain/steps.ts';

/** An activity that fails for want of the world (network, database) tries again by itself, at most each 10 s. */
const backoff = { initialInterval: '1s', backoffCoefficient: 2, maximumInterval: '10s' } as const;

/**
 * Where trying for ever would keep people waiting for an answer: `assess` refuses after about 15 s, and
 * `report` never blocks the end.
 */
const limits: Partial<Record<StepName, { maximumAttempts?: number; scheduleToCloseTimeout?: number }>> = {
  assess: { maximumAttempts: 5 },
  'hand-over': { maximumAttempts: 5 },
  report: { scheduleToCloseTimeout: 15 * 60_000 },
};

/** Runs the activity of a step. `part` tells which CronJob. */
export function runActivity<S extends StepName>(
  name: S,
  input: ActivityInput<S>,
  part?: string,
): Promise<ActivityOutput<S>> {
  const { title, timeouts } = step(name);
  const { maximumAttempts, scheduleToCloseTimeout } = limits[name] ?? {};
  const activities = proxyActivities<Activities>({
    startToCloseTimeout: timeouts.attempt,
    heartbeatTimeout: timeouts.heartbeat,
    ...(scheduleToCloseTimeout !== undefined && { scheduleToCloseTimeout }),
    retry: { ...backoff, ...(maximumAttempts !== undefined && { maximumAttempts }) },
    cancellationType: 'WAIT_CANCELLATION_COMPLETED',
    summary: part === undefined ? title : `${title}: ${part}`,
  });
  const run = activities[name] as (input: ActivityInput<S>) => Promise<ActivityOutput<S>>;
  return run(input);
}

/** What an activity's failure says, in the words of the closed set. */
export function faultOf(error: unknown): Fault {
  if (isCancellation(error)) return fault('CancelRequested', 'Cancelled while it ran.');
  const cause = error instanceof ActivityFailure ? error.cause : error;
  if (cause instanceof ApplicationFailure) {
    const type = cause.type ?? '';
    return fault(isFailureType(type) ? type : 'Unexpected', cause.message);
  }
  if (cause instanceof TimeoutFailure)
    return fault('Unexpected', `No attempt ended in time (${cause.timeoutType}).`);
  return fault('Unexpected', cause instanceof Error ? cause.message : String(cause));
}
