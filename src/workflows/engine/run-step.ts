import { CancellationScope, isCancellation } from '@temporalio/workflow';
import { fault } from '../../domain/failures.ts';
import { decisionsAt } from '../../domain/leads-to.ts';
import { faultOf, runActivity } from './run-activity.ts';
import type { Escalation } from './escalation.ts';
import { hold } from './hold.ts';
import { StageExit, sentence } from './stage-exit.ts';
import type { Operation } from './operation.ts';
import type { Declaration, StepName, Input, Output } from '../../activities/steps.ts';
import { declaration } from '../../activities/steps.ts';

export type StepInput<S extends StepName> = Omit<Input<S>, 'try'>;
/** Undefined only of a step that people may skip. */
export type StepOutput<S extends StepName> = 'skip' extends Declaration<S>['decisions'][number]
  ? Output<S> | undefined
  : Output<S>;

export interface Around {
  /** Before each try. */
  first?: () => Promise<void>;
  /** After each failure, before people are asked: the step's own compensation. */
  afterFailure?: () => Promise<void>;
  /** The first try, where it was begun beside the steps before: its entries are in the journal already. */
  begun?: Begun<unknown>;
}

/** A try that runs beside the steps. It settles and never rejects: a rejection not yet awaited wedges the workflow. */
export interface Begun<T> {
  try: number;
  settled: Promise<{ found: T } | { error: unknown }>;
}

/** Waits for it as for any activity: a cancel request ends the waiting. */
async function outcomeOf<T>({ settled }: Begun<T>): Promise<T> {
  const outcome = await Promise.race([settled, CancellationScope.current().cancelRequested]);
  if ('error' in outcome) throw outcome.error;
  return outcome.found;
}

const holdName = (name: StepName, number: number, part?: string) =>
  [name, number, part].filter((word) => word !== undefined).join('-');

/** After the pivot a cancel request unwinds nothing: it becomes a hold before the next step. */
async function holdIfCancelled(operation: Operation, name: StepName, part?: string): Promise<'go' | 'skip'> {
  const compensates = declaration(name).onFailure === 'report';
  if (!operation.irreversible || !operation.cancelPending || compensates) return 'go';
  const decision = await hold(operation, {
    hold: `before-${holdName(name, operation.upcomingTry(name, part), part)}`,
    step: name,
    ...(part !== undefined && { part }),
    fault: fault(
      'CancelRequested',
      'Cancelling was asked for; after the downgrade nothing unwinds by itself.',
    ),
    decisions: decisionsAt(declaration(name), operation.situation),
  });
  return decision === 'skip' ? 'skip' : 'go';
}

/**
 * Runs a step: one loop. On failure `onFailure` decides: `hold` asks a person, and `retry` makes one more try;
 * `put-back` leaves; `report` throws the failure to whoever runs the step. From the pivot on, whatever would
 * put back holds instead.
 */
export async function step<S extends StepName>(
  operation: Operation,
  escalation: Escalation,
  name: S,
  input: StepInput<S>,
  around: Around = {},
): Promise<StepOutput<S>> {
  const part = declaration(name).part?.(input);
  const skipped = undefined as StepOutput<S>;
  for (let failures = 1; ; failures += 1) {
    if ((await holdIfCancelled(operation, name, part)) === 'skip') return skipped;
    const begun = failures === 1 ? (around.begun as Begun<Output<S>> | undefined) : undefined;
    const number = begun?.try ?? operation.nextTry(name, part);
    const of = { step: name, try: number, ...(part !== undefined && { part }) };
    await around.first?.();
    if (!begun) operation.note({ kind: 'step-began', ...of });
    try {
      if (begun) return await outcomeOf(begun);
      const found = await runActivity(name, { ...input, try: number } as Input<S>, part);
      operation.note({ kind: 'step-ended', ...of, ...declaration(name).summary(found), found });
      return found;
    } catch (error) {
      const seen = faultOf(error);
      if (!begun) operation.note({ kind: 'step-failed', fault: seen, ...of });
      if (isCancellation(error) || CancellationScope.current().consideredCancelled) throw error;
      escalation.failed(name, failures);
      await around.afterFailure?.();
      const { onFailure } = declaration(name);
      if (onFailure === 'report') throw error;
      if (onFailure !== 'hold' && !operation.irreversible)
        throw new StageExit({
          answer: { answer: 'failure' },
          reason: `${declaration(name).title}: ${sentence(seen.message)}`,
        });
      const held = {
        hold: holdName(name, number, part),
        step: name,
        ...(part !== undefined && { part }),
        fault: seen,
        decisions: decisionsAt(declaration(name), operation.situation),
      };
      if ((await hold(operation, held)) === 'skip') return skipped;
    }
  }
}
