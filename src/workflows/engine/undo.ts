import { CancellationScope } from '@temporalio/workflow';
import { endsAs, leadsTo, leftBy } from '../../domain/leads-to.ts';
import type { Ends, LeftBy } from '../../domain/leads-to.ts';
import { howItIsLeft } from '../../views/facts.ts';
import type { Operation } from './operation.ts';
import { StageExit, cancelled, ended, exitCause } from './stage-exit.ts';
import type { ExitCause, Left, StageEnd } from './stage-exit.ts';

/** The two stages of an operation, before and after its pivot, and what undoes the first. */
export class Stages {
  /** Newest last. */
  readonly #undo: (() => Promise<unknown>)[] = [];

  constructor(private readonly operation: Operation) {}

  /** Registered before its step: a step that failed half-way is undone too. */
  undoBy(undo: () => Promise<unknown>): void {
    this.#undo.push(undo);
  }

  /**
   * Undoes everything, newest first. What cannot be undone holds, and the path of the escalation is called: it
   * ends undone, or with a person who takes over. Answers how the operation ends then.
   */
  async undo(reason: string, outcome: 'put-back' | 'restored', by: LeftBy): Promise<StageEnd> {
    await this.operation.endBackground();
    try {
      for (let undo = this.#undo.pop(); undo; undo = this.#undo.pop()) await undo();
    } catch (error) {
      const why = exitCause(error);
      if ('ending' in why) throw error;
      const met = `${reason} Putting back failed: ${why.reason}`;
      return endedAs(this.operation, endsAs(why.answer, this.operation.situation), { ...why, reason: met });
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
      if (operation.cancelPending) throw new StageExit(cancelled());
      const value = await body();
      if (operation.cancelPending) throw new StageExit(cancelled());
      return value;
    } catch (error) {
      throw ended(await this.leave(exitCause(error)));
    }
  }

  /**
   * From its first step's pivot on nothing is undone by itself; a failure holds, and a person decides. Until then
   * all is put back as before. One non-cancellable scope, for in a cancelled one a `retry` would be refused at once.
   */
  irreversible<T>(body: () => Promise<T>, orRestore?: (reason: string) => Promise<T>): Promise<T> {
    const { operation } = this;
    return CancellationScope.nonCancellable(async () => {
      try {
        return await body();
      } catch (error) {
        const why = exitCause(error);
        if ('ending' in why) throw error;
        const { situation } = operation;
        const to = leadsTo(why.answer, situation);
        const goesBack = to.course === 'restore' || (to.course === 'end' && to.undoes.length > 0);
        if (!goesBack || !situation.pivotPassed || orRestore === undefined)
          throw ended(await this.leave(why));
        return await orRestore(why.reason).catch(async (failed: unknown) => {
          throw ended(await this.leave(exitCause(failed)));
        });
      }
    });
  }

  /** Ends the operation as what left its order has it: undone, or with a person who takes over. */
  leave(why: ExitCause): Promise<StageEnd> {
    const { operation } = this;
    operation.answerCancel();
    return CancellationScope.nonCancellable(async () => {
      if ('ending' in why) return why.ending;
      const { answer, reason } = why;
      const to = endsAs(answer, operation.situation);
      if (to.undoes.length > 0) return this.undo(reason, 'put-back', leftBy(answer));
      return endedAs(operation, to, why);
    });
  }
}

/** Ends with nothing undone. */
const endedAs = ({ plan }: Operation, to: Ends, { answer, reason }: Left): StageEnd => ({
  outcome: to.outcome,
  reason: `${reason} ${howItIsLeft(to, plan?.takesUp)}`.trim(),
  keepRecord: to.record !== 'closed',
  leftBy: leftBy(answer),
});
