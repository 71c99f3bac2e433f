import { CancellationScope, isCancellation } from '@temporalio/workflow';
import type { BackUps } from './back-ups.ts';
import type { WriteGuard } from './write-guard.ts';
import { endsAs, leadsTo, leftBy } from '../../domain/leads-to.ts';
import type { Ends, LeftBy } from '../../domain/leads-to.ts';
import { howItIsLeft } from '../../views/facts.ts';
import { faultOf } from './run-activity.ts';
import { StageExit, ended, sentence } from './stage-exit.ts';
import type { Ending, Left, Why } from './stage-exit.ts';
import type { Operation } from './operation.ts';

type Undo = () => Promise<unknown>;

/** What is done so far and how it is undone, newest last. */
export class Compensations {
  readonly #undo: Undo[] = [];

  constructor(
    private readonly operation: Operation,
    private readonly writeGuard: WriteGuard,
    private readonly backUps: BackUps,
  ) {}

  /** Registered before its step: a step that failed half-way is undone too. */
  register(undo: Undo): void {
    this.#undo.push(undo);
  }

  get nothingStopped(): boolean {
    return this.#undo.length === 0;
  }

  /** Undoes everything, newest first. Answers how the rollback ends then. */
  async run(reason: string, outcome: 'put-back' | 'restored', by: LeftBy): Promise<Ending> {
    await this.writeGuard.end();
    await this.backUps.end();
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
    this.operation.writesStopped = false;
    return { outcome, reason, keepRecord: false, leftBy: by };
  }
}

const cancelled: Why = { answer: { answer: 'cancel' }, reason: 'Cancelled on request.' };

/** Why a stage was left; what is neither a decision of ours nor a cancellation is thrown on. */
function whyLeft(error: unknown): Why {
  if (error instanceof StageExit) return error.why;
  if (isCancellation(error)) return cancelled;
  throw error;
}

async function unwound({ operation, compensations }: Stage, why: Why): Promise<StageExit> {
  if ('ending' in why) return ended(why.ending);
  const { answer, reason } = why;
  const to = endsAs(answer, operation.situation);
  if (to.undoes.length > 0) return ended(await compensations.run(reason, 'put-back', leftBy(answer)));
  return handedOver(operation, to, why);
}

/** Ends with nothing undone. */
function handedOver({ plan }: Operation, to: Ends, { answer, reason }: Left): StageExit {
  return ended({
    outcome: to.outcome,
    reason: `${reason} ${howItIsLeft(to, plan?.takesUp)}`.trim(),
    keepRecord: to.record !== 'closed',
    leftBy: leftBy(answer),
  });
}

export interface Stage {
  operation: Operation;
  compensations: Compensations;
}

/**
 * Any failure, refusal or cancellation within puts back what was stopped. A cancel request that comes just
 * before the stage, or with its last answer, still counts.
 */
export async function reversible<T>(stage: Stage, body: () => Promise<T>): Promise<T> {
  const { operation } = stage;
  try {
    if (operation.cancelPending) throw new StageExit(cancelled);
    const value = await body();
    if (operation.cancelPending) throw new StageExit(cancelled);
    return value;
  } catch (error) {
    const why = whyLeft(error);
    operation.cancelPending = false;
    throw await CancellationScope.nonCancellable(() => unwound(stage, why));
  }
}

/** By what answer a stage is left; whatever else ended it is thrown on. */
function left(error: unknown): Left {
  if (error instanceof StageExit && !('ending' in error.why)) return error.why;
  throw error;
}

/**
 * Nothing unwinds by itself; a failure holds, and a person decides. One non-cancellable scope, for in a
 * cancelled one a `retry` would be refused at once.
 */
export function irreversible<T>(
  { operation }: Stage,
  body: () => Promise<T>,
  orRestore?: (reason: string) => Promise<T>,
): Promise<T> {
  operation.irreversible = true;
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
