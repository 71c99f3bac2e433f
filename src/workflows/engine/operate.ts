import { CancellationScope, isCancellation } from '@temporalio/workflow';
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
import { StageExit } from './stage-exit.ts';
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
    undoBy: <S extends 'put-back' | 'switch-back'>(name: S, input: StepInput<S>) =>
      stages.undoBy(() => run(name, input)),
    undo: (...how: Parameters<Stages['undo']>) => stages.undo(...how),
  };
}

/** An operation in the order of the runbook. Answers how it ends. */
export type Order = (context: OperationContext) => Promise<StageEnd>;

/** How the order ended: by its own answer, by what left it, or by a cancel request before its first gate. */
async function endOf(operation: Operation, order: Order): Promise<StageEnd> {
  try {
    return await order(contextOf(operation));
  } catch (error) {
    if (error instanceof StageExit && 'ending' in error.why) return error.why.ending;
    if (!isCancellation(error)) throw error;
    return {
      outcome: 'rejected',
      reason: 'Cancelled on request, before anything was touched.',
      keepRecord: true,
      leftBy: 'person',
    };
  }
}

/**
 * Runs one operation: takes messages, follows the order, and ends by the report. Throws only Refused, and
 * PutBackFailed after the report is written.
 */
export async function operate(requested: OperationRequest, order: Order): Promise<Finished> {
  const operation = new Operation(requested);
  const notifier = new Notifier(operation);
  escalates(operation);
  openHandlers(operation);
  CancellationScope.current().cancelRequested.catch(() => operation.requestCancel());
  try {
    const ending = await endOf(operation, order);
    return await CancellationScope.nonCancellable(async () => {
      await operation.endBackground();
      return conclude(operation, notifier, ending);
    });
  } finally {
    // A refusal before any plan, too: what is told of it must not be lost with the run.
    await CancellationScope.nonCancellable(() => notifier.end());
    await closeHandlers();
  }
}
