import {
  ActivityFailure,
  ApplicationFailure,
  TimeoutFailure,
  isCancellation,
  proxyActivities,
} from '@temporalio/workflow';
import { defined } from '../../domain/defined.ts';
import { fault, isFailureType } from '../../domain/failures.ts';
import { declaration } from '../../activities/steps.ts';
import type { Activities, Input, Output, StepName } from '../../activities/steps.ts';
import type { Fault } from '../../domain/failures.ts';
import { timeFor } from '../../domain/step.ts';

/** An activity that fails for want of the world (network, database) tries again by itself, at most each 10 s. */
const backoff = { initialInterval: '1s', backoffCoefficient: 2, maximumInterval: '10s' } as const;

/** An activity says every second that it is alive; a worker that was killed is noticed after this long. */
const heartbeatTimeout = 5_000;

/**
 * Runs the activity of a step.
 *
 * @param of.part which CronJob
 * @param of.bytes size of the database, for the time that it has
 */
export function runActivity<S extends StepName>(
  name: S,
  input: Input<S>,
  { part, bytes }: { part?: string; bytes?: number } = {},
): Promise<Output<S>> {
  const step = declaration(name);
  const { title, limits, guard } = step;
  const within = timeFor(step, defined({ plan: 'plan' in input ? input.plan : undefined, bytes }));
  const activities = proxyActivities<Activities>({
    startToCloseTimeout: within,
    ...(!guard && { scheduleToCloseTimeout: within }),
    heartbeatTimeout,
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
    const [said] = (cause.details ?? []) as Partial<Fault>[];
    return {
      ...fault(isFailureType(type) ? type : 'Unexpected', cause.message),
      ...(said?.beforePivot && { beforePivot: true }),
    };
  }
  if (cause instanceof TimeoutFailure) {
    const met = cause.cause instanceof Error ? ` The last attempt failed: ${cause.cause.message}` : '';
    if (cause.timeoutType === 'HEARTBEAT')
      return fault('StepOverdue', `The worker that was at it does not answer any more.${met}`);
    return fault('StepOverdue', `It did not end in the time that it has, all attempts together.${met}`);
  }
  return fault('Unexpected', cause instanceof Error ? cause.message : String(cause));
}
