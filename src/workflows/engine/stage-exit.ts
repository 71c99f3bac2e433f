import { ApplicationFailure, CancellationScope, TemporalFailure, isCancellation } from '@temporalio/workflow';
import type { Outcome } from '../../domain/journal/outcome.ts';
import type { LeftBy, Leaving } from '../../domain/leads-to.ts';
import { Refusal } from './accept.ts';
import { faultOf } from './run-activity.ts';

/** How an operation ends. */
export interface StageEnd {
  outcome: Outcome;
  reason: string;
  /** True where something stays stopped, or nothing of ours was ever written: the record is left as it is. */
  keepRecord: boolean;
  /** Absent where it went to the end of its order. */
  leftBy?: LeftBy;
}

/** It went to the end of its order, or there was nothing to do. */
export const finished = (outcome: Outcome, reason: string): StageEnd => ({
  outcome,
  reason,
  keepRecord: false,
});

/** By what answer a stage is left. */
export interface Left {
  answer: Leaving;
  reason: string;
}

/** Why a stage is left: by an answer, or because the operation has ended already. */
export type ExitCause = Left | { ending: StageEnd };

/**
 * Ends the current stage early. An `ApplicationFailure`, because any other error in workflow code would retry the
 * workflow task for ever should it ever escape.
 */
export class StageExit extends ApplicationFailure {
  constructor(readonly why: ExitCause) {
    super('ending' in why ? why.ending.reason : why.reason, 'Unexpected', true);
  }
}

/** A message as a sentence, short enough for a reason; the whole of it stands in the journal. */
export function sentence(message: string): string {
  const text = message.replaceAll(/\s+/g, ' ').trim();
  const short = text.length > 600 ? `${text.slice(0, 597)}...` : text;
  return /[.!?]$/.test(short) ? short : `${short}.`;
}

export const ended = (ending: StageEnd) => new StageExit({ ending });

/**
 * Whether a cancel request ended it, or met it. The server does not try an activity again whose cancelling was
 * requested: whatever that ends with is final, and is no reason of its own.
 */
export const isCancelled = (error: unknown): boolean =>
  isCancellation(error) ||
  (error instanceof TemporalFailure && CancellationScope.current().consideredCancelled);

export const cancelled = (met?: string): Left => ({
  answer: { answer: 'cancel' },
  reason: `Cancelled on request.${met === undefined ? '' : ` What ran then failed: ${sentence(met)}`}`,
});

/**
 * Why a stage was left: the one judge of whatever ends a stage.
 *
 * @throws the error itself where it refuses the whole operation, or is a bug of the workflow's own code: that makes
 *   the workflow task fail, which goes on when the code is mended
 */
export function exitCause(error: unknown): ExitCause {
  if (error instanceof StageExit) return error.why;
  if (!(error instanceof TemporalFailure) || error instanceof Refusal) throw error;
  if (isCancellation(error)) return cancelled();
  const { message } = faultOf(error);
  return isCancelled(error)
    ? cancelled(message)
    : { answer: { answer: 'failure' }, reason: sentence(message) };
}
