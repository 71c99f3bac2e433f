import {
  ActivityFailure,
  ApplicationFailure,
  TimeoutFailure,
  isCancellation,
  proxyActivities,
} from '@temporalio/workflow';
import { fault, isFailureType } from '../../domain/failures.ts';
import { declaration } from '../../activities/steps.ts';
import type { Activities, Input, Output, StepName } from '../../activities/steps.ts';
import type { Fault } from '../../domain/failures.ts';

/** An activity that fails for want of the world (network, database) tries again by itself, at most each 10 s. */
const backoff = { initialInterval: '1s', backoffCoefficient: 2, maximumInterval: '10s' } as const;

/** An activity says every second that it is alive; a worker that was killed is noticed after this long. */
const heartbeatTimeout = 5_000;

/** Runs the activity of a step. `part` tells which CronJob. */
export function runActivity<S extends StepName>(name: S, input: Input<S>, part?: string): Promise<Output<S>> {
  const { title, limits } = declaration(name);
  const activities = proxyActivities<Activities>({
    startToCloseTimeout: limits.attempt,
    heartbeatTimeout,
    ...(limits.inAll !== undefined && { scheduleToCloseTimeout: limits.inAll }),
    retry: { ...backoff, ...(limits.attempts !== undefined && { maximumAttempts: limits.attempts }) },
    cancellationType: 'WAIT_CANCELLATION_COMPLETED',
    summary: part === undefined ? title : `${title}: ${part}`,
  });
  const run = activities[name] as (input: Input<S>) => Promise<Output<S>>;
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
