import { Context } from '@temporalio/activity';
import { ApplicationFailure } from '@temporalio/common';
import { Failure, failures, fault } from '../domain/failures.ts';
import type { DeedInput, DeedOutput } from '../domain/deeds.ts';
import type { StepName } from '../domain/steps.ts';
import type { Attempt, Means } from './means.ts';
import { redact, truncate } from './redact.ts';

/** A deed as its file exports it. */
export type Deed<S extends StepName> = (
  means: Means,
  input: DeedInput<S>,
  attempt: Attempt,
) => Promise<DeedOutput<S>>;

/** Half of the shortest heartbeat time-out would do; every second keeps `status` live as well. */
const heartbeatEvery = 1_000;
const messageLimit = 3_500;

/**
 * Makes an activity of a deed, once for all: heartbeats with what is being done, redacts and shortens what it
 * throws, and turns it into an `ApplicationFailure` of the closed set.
 */
export const activity = <S extends StepName>(deed: Deed<S>, means: Means) =>
  bounded<DeedInput<S>, DeedOutput<S>>(deed, means);

/** The same for what is no step. */
export function bounded<I, O>(deed: (means: Means, input: I, attempt: Attempt) => Promise<O>, means: Means) {
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
      return await deed(means, input, attempt);
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
