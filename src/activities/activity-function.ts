import { Context } from '@temporalio/activity';
import { ApplicationFailure } from '@temporalio/common';
import { redact, truncate } from '../domain/redact.ts';
import { Failure, failures, fault } from '../domain/failures.ts';
import type { Plan } from '../domain/plan/plan.ts';
import { activityContext, type ActivityContext, type Attempt, type BaseContext } from './context.ts';
import type { Dependencies } from './context.ts';
import type { StepName, Input, Output } from './steps.ts';

/** Steps whose activities are about a plan. */
export type Planned = { [S in StepName]: Input<S> extends { plan: object } ? S : never }[StepName];

/** The input of a step's activity besides the plan and the try, which its context holds. */
export type StepInput<S extends Planned> = Omit<Input<S>, 'plan' | 'try'>;

/** The activity of a step that has a plan, as its file exports it. */
export type StepActivity<S extends Planned> = (
  context: ActivityContext<Input<S>['plan']>,
  input: StepInput<S>,
) => Promise<Output<S>>;

/** Half of the shortest heartbeat time-out would do; every second keeps `status` live as well. Milliseconds. */
const heartbeatEvery = 1_000;
const messageLimit = 3_500;

/** Makes an activity function of a step's activity. */
export const stepFunction = <S extends Planned>(activity: StepActivity<S>, dependencies: Dependencies) =>
  activityFunction<Input<S>, Output<S>>((base, input) => perform(activity, base, input), dependencies);

/** Runs a step's activity in the context that its input asks for. */
export const perform = <P extends Plan, I extends object, O>(
  activity: (context: ActivityContext<P>, input: I) => Promise<O>,
  base: BaseContext,
  input: I & { plan: P; try?: number },
): Promise<O> => activity(activityContext(base, input), input);

/**
 * Makes what Temporal calls: it heartbeats with what is being done, redacts and shortens what is thrown, and
 * turns that into an `ApplicationFailure` of the closed set.
 */
export function activityFunction<I, O>(
  activity: (context: BaseContext, input: I) => Promise<O>,
  dependencies: Dependencies,
): (input: I) => Promise<O> {
  return async (input) => {
    const temporal = Context.current();
    const { attempt, heartbeat } = attemptOf(temporal);
    const beating = setInterval(heartbeat, heartbeatEvery);
    try {
      return await activity({ ...dependencies, ...attempt }, input);
    } catch (error) {
      // The SDK tells a request to cancel from a shutdown by this very reason.
      if (attempt.signal.aborted && !(error instanceof Failure)) throw attempt.signal.reason;
      throw applicationFailure(error);
    } finally {
      clearInterval(beating);
    }
  };
}

function attemptOf(temporal: Context): { attempt: Attempt; heartbeat: () => void } {
  let doing: unknown;
  const attempt: Attempt = {
    signal: temporal.cancellationSignal,
    cancelRequested: () => temporal.cancellationDetails?.cancelRequested === true,
    progress: ({ alive, ...detail }) => {
      doing = {
        ...detail,
        doing: redact(detail.doing),
        ...(alive && { alive: alive.slice(0, 12).map(redact) }),
      };
    },
    log: {
      info: (message, fields) => temporal.log.info(redact(message), { ...fields }),
      warn: (message, fields) => temporal.log.warn(redact(message), { ...fields }),
    },
  };
  return { attempt, heartbeat: () => temporal.heartbeat(doing) };
}

/** Who asks for patience (`Retry-After`) is given it. */
function delayAsked(error: unknown): { nextRetryDelay?: number } {
  const asked = error instanceof Failure ? error.details['retryAfter'] : undefined;
  return typeof asked === 'number' ? { nextRetryDelay: asked } : {};
}

/** Whether a failure says that the pivot was not passed (`details.beforePivot`). */
const isBeforePivot = (error: unknown): boolean =>
  error instanceof Failure && error.details['beforePivot'] === true;

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
    details: [{ ...fault(type, message), ...(isBeforePivot(error) && { beforePivot: true }) }],
  });
}
