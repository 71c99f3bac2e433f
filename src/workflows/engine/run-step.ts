import { isCancellation } from '@temporalio/workflow';
import { declaration } from '../../activities/steps.ts';
import type { Input, Output, StepName } from '../../activities/steps.ts';
import { defined } from '../../domain/defined.ts';
import { Background } from './background.ts';
import type { Operation } from './operation.ts';
import { faultOf, runActivity } from './run-activity.ts';

/** What a step is asked; its try is counted here. */
export type StepInput<S extends StepName> =
  Input<S> extends { try: number } ? Omit<Input<S>, 'try'> : Input<S>;

/**
 * Runs the activity of a step once. The journal says that it began, and what it found or why it failed.
 *
 * @throws what the activity throws
 */
export async function runStep<S extends StepName>(
  operation: Operation,
  name: S,
  input: StepInput<S>,
  number: number = operation.nextTry(name, declaration(name).part?.(input)),
): Promise<Output<S>> {
  const step = declaration(name);
  const part = step.part?.(input);
  const of = { step: name, try: number, ...defined({ part }) };
  operation.note({ kind: 'step-began', ...of });
  try {
    const output = await runActivity(
      name,
      { ...input, try: number } as Input<S>,
      defined({ part, bytes: operation.observations?.databaseBytes }),
    );
    const fault = step.fault?.(output);
    const found = step.found === undefined ? output : step.found(output);
    operation.note(
      fault === undefined
        ? { kind: 'step-ended', ...of, ...step.summary(output), ...(found !== undefined && { found }) }
        : { kind: 'step-failed', ...of, fault },
    );
    return output;
  } catch (error) {
    // A guard that is cancelled between two attempts has nothing to answer.
    if (step.guard && isCancellation(error))
      operation.note({
        kind: 'step-ended',
        ...of,
        summary: 'Ended between two attempts: the record has what it saw',
      });
    else operation.note({ kind: 'step-failed', ...of, fault: faultOf(error) });
    throw error;
  }
}

/** A step's try that runs beside the others. */
export interface BackgroundStep<S extends StepName> extends Background<Output<S>> {
  try: number;
}

/** Begins a step beside the others. It ends by itself, by `end`, or with the operation's stage. */
export function background<S extends StepName>(
  operation: Operation,
  name: S,
  input: StepInput<S>,
): BackgroundStep<S> {
  const number = operation.nextTry(name, declaration(name).part?.(input));
  const running = new Background(() => runStep(operation, name, input, number));
  operation.runInBackground(running);
  return Object.assign(running, { try: number });
}
