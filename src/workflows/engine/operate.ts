import { CancellationScope, TemporalFailure } from '@temporalio/workflow';
import type { StepName } from '../../activities/steps.ts';
import type { OperationRequest } from '../../domain/plan/plan.ts';
import type { Finished } from '../../domain/journal/result.ts';
import { assess } from './assess.ts';
import { BackUps } from './back-ups.ts';
import { conclude } from './conclude.ts';
import { escalates } from './escalation.ts';
import { ask, gate } from './gate.ts';
import { closeHandlers, openHandlers } from './handlers.ts';
import { Notifier } from './notify.ts';
import { Operation } from './operation.ts';
import type { StepInput } from './run-step.ts';
import { exitCause } from './stage-exit.ts';
import type { StageEnd } from './stage-exit.ts';
import { step } from './step.ts';
import { Stages } from './undo.ts';
import { Writes } from './writes.ts';

type Rest<F> = F extends (operation: Operation, ...rest: infer R) => unknown ? R : never;

/** What an order is written with; all of it acts on one operation. */
export type OperationContext = ReturnType<typeof contextOf>;

function contextOf(operation: Operation) {
  const stages = new Stages(operation);
  const run = <S extends StepName>(name: S, input: StepInput<S>) => step(operation, name, input);
  return {
    operation,
    writes: new Writes(operation),
    backUps: new BackUps(operation),
    assess: () => assess(operation),
    step: run,
    gate: (...rest: Rest<typeof gate>) => gate(operation, ...rest),
    ask: (...rest: Rest<typeof ask>) => ask(operation, ...rest),
    reversible: <T>(body: () => Promise<T>) => stages.reversible(body),
    irreversible: <T>(body: () => Promise<T>, orRestore?: (reason: string) => Promise<T>) =>
      stages.irreversible(body, orRestore),
    /** `input` is asked when it is undone. */
    undoBy: <S extends 'put-back' | 'switch-back'>(name: S, input: () => StepInput<S>) =>
      stages.undoBy(() => run(name, input())),
    undo: (...how: Parameters<Stages['undo']>) => stages.undo(...how),
    leave: (...why: Parameters<Stages['leave']>) => stages.leave(...why),
  };
}

/** An operation in the order of the runbook. Answers how it ends. */
export type Order = (context: OperationContext) => Promise<StageEnd>;

/** How the order ended: by its own answer, or by what left it. */
async function endOf(context: OperationContext, order: Order): Promise<StageEnd> {
  try {
    return await order(context);
  } catch (error) {
    return context.leave(exitCause(error));
  }
}

/** Runs one operation: takes messages, follows the order, and ends by the report. Throws only a refusal. */
export async function operate(requested: OperationRequest, order: Order): Promise<Finished> {
  const operation = new Operation(requested);
  const notifier = new Notifier(operation);
  escalates(operation);
  openHandlers(operation);
  CancellationScope.current().cancelRequested.catch(() => operation.requestCancel());
  /** What is still to be told, and answered, must not be lost with the run. */
  const close = async () => {
    await notifier.end();
    await closeHandlers();
  };
  try {
    const ending = await endOf(contextOf(operation), order);
    return await CancellationScope.nonCancellable(async () => {
      await operation.endBackground();
      const finished = await conclude(operation, notifier, ending);
      await close();
      return finished;
    });
  } catch (error) {
    // A bug fails the workflow task at once: a command after it would not be there when the code is mended.
    if (!(error instanceof TemporalFailure)) throw error;
    // A refusal before any plan, too.
    await CancellationScope.nonCancellable(close);
    throw error;
  }
}
