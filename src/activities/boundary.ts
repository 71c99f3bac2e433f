import { Context } from '@temporalio/activity';
import { ApplicationFailure } from '@temporalio/common';
import { Failure, failures, fault } from '../domain/failures.ts';
import type { ActivityInput, ActivityOutput } from '../domain/deeds.ts';
import type { StepName } from '../domain/steps.ts';
import type { Attempt, Dependencies } from './dependencies.ts';
import { redact, truncate } from './redact.ts';

/** An activity as its file exports it. */
export type Activity<S extends StepName> = (
  dependencies: Dependencies,
  input: ActivityInput<S>,
  attempt: Attempt,
) => Promise<ActivityOutput<S>>;

/** Half of the shortest heartbeat time-out would do; every second keeps `status` live as well. */
const heartbeatEvery = 1_000;
const messageLimit = 3_500;

/**
 * Makes an activity of an activity, once for all: heartbeats with what is being done, redacts and shortens what it
 * throws, and turns it into an `ApplicationFailure` of the closed set.
 */
export const activity = <S extends StepName>(activity: Activity<S>, dependencies: Dependencies) =>
  bounded<ActivityInput<S>, ActivityOutput<S>>(activity, dependencies);

/** The same for what is no step. */
export function bounded<I, O>(
  activity: (dependencies: Dependencies, input: I, attempt: Attempt) => Promise<O>,
  dependencies: Dependencies,
) {
  return async (input: I): Promise<O> => {
    const context = Context.current();
    const signal = context.cancellationSignal;
    let doing: unknown;
    const heartbeat = setInterval(() => context.heartbeat(doing), heartbeatEvery);
    const attempt: Attempt = {
      signal,
      cancelRequested: () => context.cancellationDetails?.cancelRequested === true,
      progress: (detail) => {
        const { alive } = detail;
        doing = {
          ...detail,
          doing: redact(detail.doing),
          ...(alive && { alive: alive.slice(0, 12).map(redact) }),
        };
      },
      log: {
        info: (message, fields) => context.log.info(redact(message), { ...fields }),
        warn: (message, fields) => context.log.warn(redact(message), { ...fields }),
      },
    };
    try {
      return await activity(dependencies, input, attempt);
    } catch (error) {
      // The SDK tells a request to cancel from a shutdown by this very reason.
      if (signal.aborted && !(error instanceof Failure)) throw signal.reason;
      throw applicationFailure(error);
    } finally {
      clearInterval(heartbeat);
    }
  };
}

/** Who asks for patience (`Retry-After`) is given it. */
function delayAsked(error: unknown): { nextRetryDelay?: number } {
  const asked = error instanceof Failure ? error.details['retryAfter'] : undefined;
  return typeof asked === 'number' ? { nextRetryDelay: asked } : {};
}

/** An error as Temporal keeps it: type and next move from the closed set, no secret, at most 3,500 characters. */
export function applicationFailure(error: unknown): ApplicationFailure {
  const type = error instanceof Failure ? error.type : 'Unexpected';
  const seen = error instanceof Error ? error.message : String(error);
  const message = truncate(redact(seen), messageLimit);
  return ApplicationFailure.create({
    type,
    message,
    nonRetryable: !failures[type].retry,
    ...delayAsked(error),
    details: [fault(type, message)],
  });
}
