import { CancellationScope, isCancellation } from '@temporalio/workflow';
import { endsAs, leadsTo, leftBy } from '../../domain/leads-to.ts';
import type { Ends, LeftBy } from '../../domain/leads-to.ts';
import { howItIsLeft } from '../../views/facts.ts';
import type { Operation } from './operation.ts';
import { faultOf } from './run-activity.ts';
import { StageExit, ended, sentence } from './stage-exit.ts';
import type { StageEnd, Left, ExitCause } from './stage-exit.ts';

const cancelled: ExitCause = { answer: { answer: 'cancel' }, reason: 'Cancelled on request.' };

/** The two stages of an operation, before and after its pivot, and what undoes the first. */
export class Stages {
  /** Newest last. */
  readonly #undo: (() => Promise<unknown>)[] = [];

  constructor(private readonly operation: Operation) {}

  /** Registered before its step: a step that failed half-way is undone too. */
  undoBy(undo: () => Promise<unknown>): void {
    this.#undo.push(undo);
  }

  /** Undoes everything, newest first. Answers how the operation ends then. */
  async undo(reason: string, outcome: 'put-back' | 'restored', by: LeftBy): Promise<StageEnd> {
    await this.operation.endBackground();
    try {
      for (let undo = this.#undo.pop(); undo; undo = this.#undo.pop()) await undo();
    } catch (error) {
      const failed = faultOf(error);
      return {
        outcome: 'aborted',
        reason: `${reason} Putting back failed: ${sentence(failed.message)}`,
        keepRecord: true,
        leftBy: by,
        failed,
      };
    }
    return { outcome, reason, keepRecord: false, leftBy: by };
  }

  /**
   * Any failure, refusal or cancellation within puts back what was stopped. A cancel request that comes just
   * before the stage, or with its last answer, still counts.
   */
  async reversible<T>(body: () => Promise<T>): Promise<T> {
    const { operation } = this;
    try {
      if (operation.cancelPending) throw new StageExit(cancelled);
      const value = await body();
      if (operation.cancelPending) throw new StageExit(cancelled);
      return value;
    } catch (error) {
      const why = whyLeft(error);
      operation.answerCancel();
      throw await CancellationScope.nonCancellable(() => this.#unwound(why));
    }
  }

  /**
   * Nothing is undone by itself; a failure holds, and a person decides. One non-cancellable scope, for in a
   * cancelled one a `retry` would be refused at once.
   */
  irreversible<T>(body: () => Promise<T>, orRestore?: (reason: string) => Promise<T>): Promise<T> {
    const { operation } = this;
    operation.enterIrreversible();
    const handOver = (why: Left): never => {
      throw handedOver(operation, endsAs(why.answer, operation.situation), why);
    };
    return CancellationScope.nonCancellable(async () => {
      try {
        return await body();
      } catch (error) {
        const why = left(error);
        const to = leadsTo(why.answer, operation.situation);
        const restores = to.course === 'restore' || (to.course === 'end' && to.undoes.length > 0);
        if (!restores || orRestore === undefined) return handOver(why);
        return await orRestore(why.reason).catch((failed: unknown) => handOver(left(failed)));
      }
    });
  }

  async #unwound(why: ExitCause): Promise<StageExit> {
    if ('ending' in why) return ended(why.ending);
    const { answer, reason } = why;
    const to = endsAs(answer, this.operation.situation);
    if (to.undoes.length > 0) return ended(await this.undo(reason, 'put-back', leftBy(answer)));
    return handedOver(this.operation, to, why);
  }
}

/** Why a stage was left; what is neither a decision of ours nor a cancellation is thrown on. */
function whyLeft(error: unknown): ExitCause {
  if (error instanceof StageExit) return error.why;
  if (isCancellation(error)) return cancelled;
  throw error;
}

/** By what answer a stage is left; whatever else ended it is thrown on. */
function left(error: unknown): Left {
  if (error instanceof StageExit && !('ending' in error.why)) return error.why;
  throw error;
}

/** Ends with nothing undone. */
const handedOver = ({ plan }: Operation, to: Ends, { answer, reason }: Left): StageExit =>
  ended({
    outcome: to.outcome,
    reason: `${reason} ${howItIsLeft(to, plan?.takesUp)}`.trim(),
    keepRecord: to.record !== 'closed',
    leftBy: leftBy(answer),
  });
