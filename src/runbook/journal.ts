import type { Fault } from './failures.ts';
import type { Findings } from './findings.ts';
import type { Outcome } from './outcome.ts';
import type { GateName } from './service.ts';
import type { Decision, StepName } from './steps.ts';

interface OfStep {
  step: StepName;
  try: number;
  /** Which CronJob, for `resume-cron-jobs`. */
  part?: string;
}

type StepEnded = {
  [S in StepName]: {
    kind: 'step-ended';
    step: S;
    summary: string;
    notes?: string[];
    /** Absent where a step ended without acting: `assess` with nothing to do. */
    found?: Findings[S];
  } & Omit<OfStep, 'step'>;
}[StepName];

/**
 * What happens, as it happens. Progress, current details, search attributes, timeline and report are pure
 * functions of these entries (views.ts, report.ts).
 */
export type Event =
  | ({ kind: 'step-began' } & OfStep)
  | StepEnded
  | ({ kind: 'step-failed'; fault: Fault } & OfStep)
  | { kind: 'gate-opened'; gate: GateName; hash: string; people: number; expiresAt: string; shows: string[] }
  | { kind: 'gate-approved'; gate: GateName; hash: string; by: string; reason?: string }
  | {
      kind: 'gate-closed';
      gate: GateName;
      hash: string;
      verdict: 'passed' | 'passed-by-policy' | 'rejected' | 'expired' | 'cancelled';
      by: string[];
      reason?: string;
    }
  | {
      kind: 'hold-opened';
      hold: string;
      step: StepName;
      /** Which CronJob, for `resume-cron-jobs`. */
      part?: string;
      fault: Fault;
      decisions: Decision[];
      /** Until then; afterwards onGiveUp. Only before the pivot; ISO 8601. */
      deadline?: string;
      /** Commands that undo the freeze by hand. */
      byHand: string[];
    }
  | {
      kind: 'hold-closed';
      hold: string;
      decision: Decision | 'give-up' | 'cancelled';
      by: string;
      reason?: string;
    }
  | { kind: 'message-ignored'; message: string; by: string; why: string }
  | { kind: 'escalated'; to: string; why: string }
  | { kind: 'acknowledged'; by: string }
  | { kind: 'cancel-requested' }
  | { kind: 'breach'; what: string; reachedDatabase: boolean }
  | { kind: 'ended'; outcome: Outcome; reason: string };

export type Entry = Event & { /** ISO 8601, workflow time. */ at: string };
export type Journal = readonly Entry[];
