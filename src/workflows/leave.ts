import { ApplicationFailure } from '@temporalio/workflow';
import type { Fault } from '../runbook/failures.ts';
import type { Outcome } from '../runbook/outcome.ts';

/** How a rollback ends. `failed`: a compensation failed, so that the workflow ends Failed. */
export interface Ending {
  outcome: Outcome;
  reason: string;
  /** True where something stays stopped, or nothing of ours was ever written: the record is left as it is. */
  keepRecord: boolean;
  failed?: Fault;
}

export type Why =
  | { kind: 'refused'; reason: string }
  | { kind: 'failed'; fault: Fault; reason: string }
  | { kind: 'decided'; decision: 'restore' | 'abort'; reason: string }
  | { kind: 'gave-up'; stayStopped: boolean; reason: string }
  | { kind: 'ended'; ending: Ending };

/**
 * Leaves the straight way. An `ApplicationFailure`, because any other error in workflow code would retry the
 * workflow task for ever should it ever escape.
 */
export class Leave extends ApplicationFailure {
  constructor(readonly why: Why) {
    super(why.kind === 'ended' ? why.ending.reason : why.reason, 'Unexpected', true);
  }
}

export const ended = (ending: Ending) => new Leave({ kind: 'ended', ending });
