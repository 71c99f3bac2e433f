import { CancellationScope, isCancellation } from '@temporalio/workflow';
import type { Asked } from '../../domain/plan/plan.ts';
import type { Finished } from '../../domain/journal/result.ts';
import { assess } from './assess.ts';
import { BackUps } from './back-ups.ts';
import { WriteGuard } from './write-guard.ts';
import { Compensations, irreversible, reversible } from './undo.ts';
import { conclude } from './conclude.ts';
import { closeHandlers, openHandlers } from './handlers.ts';
import { Escalation } from './escalation.ts';
import { ask, gate } from './gate.ts';
import { StageExit } from './stage-exit.ts';
import type { Ending } from './stage-exit.ts';
import { Operation } from './operation.ts';
import { proveStart } from './prove-start.ts';
import { step } from './run-step.ts';
import type { StepInput } from './run-step.ts';
import { Notifier } from './notify.ts';
import { Writes } from './writes.ts';

type Rest<F> = F extends (operation: Operation, ...rest: infer R) => unknown ? R : never;

/** The words in which rollback.ts and emergency-restore.ts are written; all of them act on one operation. */
export type Words = ReturnType<typeof wordsOf>;

function wordsOf(operation: Operation) {
  const escalation = new Escalation(operation);
  const writeGuard = new WriteGuard(operation);
  const backUps = new BackUps(operation, escalation);
  const compensations = new Compensations(operation, writeGuard, backUps);
  const writes = new Writes(operation, escalation, writeGuard);
  const stage = { operation, compensations };
  const run = <S extends Parameters<typeof step>[2]>(name: S, input: StepInput<S>) =>
    step(operation, escalation, name, input);
  return {
    operation,
    escalation,
    writeGuard,
    compensations,
    backUps,
    writes,
    assess: async () => {
      await proveStart(operation);
      return assess(operation);
    },
    step: run,
    gate: (...rest: Rest<typeof gate>) => gate(operation, ...rest),
    ask: (...rest: Rest<typeof ask>) => ask(operation, ...rest),
    reversible: <T>(body: () => Promise<T>) => reversible(stage, body),
    irreversible: <T>(body: () => Promise<T>, orRestore?: (reason: string) => Promise<T>) =>
      irreversible(stage, body, orRestore),
    undoBy: <S extends 'put-back' | 'switch-back'>(name: S, input: StepInput<S>) =>
      compensations.register(() => run(name, input)),
  };
}

/** How the body ended: by its own answer, by what left it, or by a cancel request before its first gate. */
async function endingOf(words: Words, body: (words: Words) => Promise<Ending>): Promise<Ending> {
  try {
    return await body(words);
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
 * Runs one operation: opens its doors, lets the body act, and ends by the report. Throws only Refused, and
 * PutBackFailed after the report is written.
 */
export async function operate(asked: Asked, body: (words: Words) => Promise<Ending>): Promise<Finished> {
  const operation = new Operation(asked);
  const telling = new Notifier(operation);
  openHandlers(operation);
  CancellationScope.current().cancelRequested.catch(() => {
    operation.cancelPending = true;
    operation.note({ kind: 'cancel-requested' });
  });
  const words = wordsOf(operation);
  try {
    const ending = await endingOf(words, body);
    return await CancellationScope.nonCancellable(async () => {
      words.escalation.over();
      await words.writeGuard.end();
      await words.backUps.end();
      return conclude(operation, telling, ending);
    });
  } finally {
    // A refusal before any plan, too: what is told of it must not be lost with the run.
    await CancellationScope.nonCancellable(() => telling.end());
    await closeHandlers();
  }
}
