import { CancellationScope, sleep } from '@temporalio/workflow';
import { declaration } from '../../activities/steps.ts';
import type { Declaration, Output, StepName } from '../../activities/steps.ts';
import { defined } from '../../domain/defined.ts';
import { fault } from '../../domain/failures.ts';
import type { Fault } from '../../domain/failures.ts';
import { decisionsAt } from '../../domain/leads-to.ts';
import { canGoBack, hold } from './hold.ts';
import type { Held } from './hold.ts';
import type { Operation } from './operation.ts';
import { faultOf } from './run-activity.ts';
import { runStep } from './run-step.ts';
import type { BackgroundStep, StepInput } from './run-step.ts';
import { StageExit, cancelled, isCancelled, sentence } from './stage-exit.ts';

/** What nobody foresaw may be gone the next time; each try is in the journal, and the escalation path hears of it. */
const triesOfUnexpected = 5;
/** Milliseconds, and as many more after each try. */
const pauseOfUnexpected = 2_000;

/** Undefined only of a step that people may skip. */
export type StepOutput<S extends StepName> = 'skip' extends Declaration<S>['decisions'][number]
  ? Output<S> | undefined
  : Output<S>;

export interface Around<S extends StepName> {
  /** Before each try. */
  first?: () => Promise<void>;
  /** After each failure, before people are asked: the step's own compensation. */
  afterFailure?: () => Promise<void>;
  /** The first try, where it was begun beside the steps before: its entries are in the journal already. */
  begun?: BackgroundStep<S>;
}

/**
 * Runs a step: one loop. On failure `onFailure` decides: `hold` asks a person, and `retry` makes one more try;
 * `put-back` leaves; `report` throws the failure to whoever runs the step. From the pivot on, whatever would
 * put back holds instead.
 */
export async function step<S extends StepName>(
  operation: Operation,
  name: S,
  input: StepInput<S>,
  { first, afterFailure, begun }: Around<S> = {},
): Promise<StepOutput<S>> {
  const { title, onFailure, part: partOf } = declaration(name);
  const part = partOf?.(input);
  let unexpected = 0;
  for (let tried = begun; ; tried = undefined) {
    if ((await holdIfCancelled(operation, name, part)) === 'skip') return undefined as StepOutput<S>;
    const number = tried?.try ?? operation.nextTry(name, part);
    await first?.();
    try {
      return tried ? await outcomeOf(tried) : await runStep(operation, name, input, number);
    } catch (error) {
      if (isCancelled(error)) throw error;
      const seen = faultOf(error);
      await afterFailure?.();
      if (onFailure === 'report') throw error;
      if (seen.type === 'Unexpected' && (unexpected += 1) < triesOfUnexpected) {
        await sleep(unexpected * pauseOfUnexpected, { summary: `Tries ${title} again` });
        continue;
      }
      // The pivot's own step may end before the pivot: the request that it let wait is answered then.
      if (operation.cancelPending && canGoBack(operation, name)) throw new StageExit(cancelled(seen.message));
      if (onFailure !== 'hold' && !operation.irreversible)
        throw new StageExit({
          answer: { answer: 'failure' },
          reason: `${title}: ${sentence(seen.message)}`,
        });
      const held = heldBy(operation, name, { number, part, fault: seen });
      if ((await hold(operation, held)) === 'skip') return undefined as StepOutput<S>;
    }
  }
}

/** Waits for it as for any activity: a cancel request ends the waiting. */
async function outcomeOf<S extends StepName>({ settled }: BackgroundStep<S>): Promise<Output<S>> {
  const outcome = await Promise.race([settled, CancellationScope.current().cancelRequested]);
  if ('error' in outcome) throw outcome.error;
  return outcome.found;
}

/** After the pivot a cancel request undoes nothing: it becomes a hold before the next step. */
async function holdIfCancelled(
  operation: Operation,
  name: StepName,
  part: string | undefined,
): Promise<'go' | 'skip'> {
  const { undoes } = declaration(name);
  if (!operation.irreversible || !operation.cancelPending || undoes) return 'go';
  const message = 'Cancelling was asked for; after the downgrade nothing unwinds by itself.';
  const number = operation.upcomingTry(name, part);
  const held = heldBy(operation, name, { number, part, fault: fault('CancelRequested', message) });
  const decision = await hold(operation, { ...held, hold: `before-${held.hold}` });
  return decision === 'skip' ? 'skip' : 'go';
}

interface FailedTry {
  number: number;
  part: string | undefined;
  fault: Fault;
}

const heldBy = (operation: Operation, name: StepName, { number, part, fault }: FailedTry): Held => ({
  hold: [name, number, part].filter((word) => word !== undefined).join('-'),
  step: name,
  ...defined({ part }),
  fault,
  decisions: decisionsAt(declaration(name), operation.situation),
});
