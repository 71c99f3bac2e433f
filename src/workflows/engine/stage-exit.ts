import { ApplicationFailure } from '@temporalio/workflow';
import type { Fault } from '../../domain/failures.ts';
import type { Outcome } from '../../domain/journal/outcome.ts';
import type { LeftBy, Leaving } from '../../domain/leads-to.ts';

/** How a rollback ends. `failed`: a compensation failed, so that the workflow ends Failed. */
export interface StageEnd {
  outcome: Outcome;
  reason: string;
  /** True where something stays stopped, or nothing of ours was ever written: the record is left as it is. */
  keepRecord: boolean;
  /** Absent where it went to the end of its order. */
  leftBy?: LeftBy;
  failed?: Fault;
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
