import { CancellationScope, isCancellation } from '@temporalio/workflow';
import type { BackUps } from './back-ups.ts';
import type { WriteGuard } from './write-guard.ts';
import { faultOf } from './run-activity.ts';
import { StageExit, ended, sentence } from './stage-exit.ts';
import type { Ending, Why } from './stage-exit.ts';
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
  async run(reason: string, outcome: 'put-back' | 'restored'): Promise<Ending> {
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
        failed,
      };
    }
    this.operation.writesStopped = false;
    return { outcome, reason, keepRecord: false };
  }
}

const cancelled: Why = { kind: 'refused', reason: 'Cancelled on request.' };

/** Why a stage was left; what is neither a decision of ours nor a cancellation is thrown on. */
function whyLeft(error: unknown): Why {
  if (error instanceof StageExit) return error.why;
  if (isCancellation(error)) return cancelled;
  throw error;
}

async function unwound({ operation, compensations }: Stage, why: Why): Promise<StageExit> {
  if (why.kind === 'ended') return ended(why.ending);
  if (why.kind === 'gave-up' && why.stayStopped)
    return ended({
      outcome: 'aborted',
      reason: `${why.reason} Writes stay stopped, as the definition wants it.`,
      keepRecord: true,
    });
  if (compensations.nothingStopped) {
    const { takesUp } = operation.plan ?? {};
    const asFound = takesUp
      ? ` What operation ${takesUp.operation} stopped stays stopped; start again to take it up.`
      : '';
    return ended({ outcome: 'rejected', reason: `${why.reason}${asFound}`, keepRecord: true });
  }
  return ended(await compensations.run(why.reason, 'put-back'));
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

const handedOver = ({ operation }: Stage, reason: string) =>
  ended({
    outcome: 'aborted',
    reason: operation.writesStopped
      ? `${reason} Writes stay stopped; a person takes over.`
      : `${reason} The application runs; what is not resumed stays as it is, and a person takes over.`,
    keepRecord: true,
  });

/**
 * Nothing unwinds by itself; a failure holds, and a person decides. One non-cancellable scope, for in a
 * cancelled one a `retry` would be refused at once.
 */
export function irreversible<T>(
  stage: Stage,
  body: () => Promise<T>,
  orRestore?: (reason: string) => Promise<T>,
): Promise<T> {
  stage.operation.irreversible = true;
  const handOver = (error: unknown): never => {
    if (!(error instanceof StageExit) || error.why.kind === 'ended') throw error;
    throw handedOver(stage, error.why.reason);
  };
  return CancellationScope.nonCancellable(async () => {
    try {
      return await body();
    } catch (error) {
      const restore =
        error instanceof StageExit && error.why.kind === 'decided' && error.why.decision === 'restore';
      if (!restore || orRestore === undefined) return handOver(error);
      return await orRestore(error.why.kind === 'decided' ? error.why.reason : '').catch(handOver);
    }
  });
}
