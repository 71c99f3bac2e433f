import type { AlertSource } from '../alert.ts';
import type { Fault } from '../failures.ts';
import type { Findings } from '../findings.ts';
import type { Outcome } from './outcome.ts';
import type { GateName } from '../definition/service.ts';
import type { PersonProof, Way } from '../approval/statement.ts';
import type { LeftBy } from '../leads-to.ts';
import type { Decision, StepName } from '../steps.ts';

interface OfStep {
  step: StepName;
  try: number;
  /** Which CronJob, for `resume-cron-jobs`. */
  part?: string;
}

/** How whoever says it was proved; absent where the name is self-asserted. */
interface Proved {
  proof?: PersonProof;
  /** Passed the gate alone. */
  breakGlass?: true;
}

/** What the policy wants at a gate beside a number of people. */
export interface GateWants {
  /** One of these, proved. */
  roles?: string[];
  /** Names that nobody proved do not count. */
  proof?: true;
  /** Started it, and may not approve it. */
  notBy?: string;
  /** How that person was proved. */
  startedVia?: Way;
  /** Who holds one of these may pass it alone. */
  breakGlass?: string[];
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
  | {
      kind: 'gate-opened';
      gate: GateName;
      hash: string;
      people: number;
      expiresAt: string;
      shows: string[];
      /** What else the policy wants; absent where it wants nothing. */
      wants?: GateWants;
    }
  | ({ kind: 'gate-approved'; gate: GateName; hash: string; by: string; reason?: string } & Proved)
  | {
      kind: 'gate-closed';
      gate: GateName;
      hash: string;
      verdict: 'passed' | 'passed-by-policy' | 'rejected' | 'expired' | 'cancelled';
      by: string[];
      reason?: string;
      /** Of whoever rejected it. */
      proof?: PersonProof;
      breakGlass?: true;
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
      proof?: PersonProof;
    }
  | { kind: 'message-ignored'; message: string; by: string; why: string }
  | {
      kind: 'escalated';
      to: string;
      why: string;
      /** Channels of the definition's `notify` that this level names; none: all that are told of escalations. */
      notify?: string[];
    }
  | { kind: 'acknowledged'; by: string; proof?: PersonProof }
  | {
      kind: 'annotated';
      source: AlertSource;
      fingerprint: string;
      status: 'firing' | 'resolved';
      text: string;
    }
  /** A channel of the definition's `notify` was told, or could not be; never in the way of anything. */
  | { kind: 'notified'; to: string; what: string }
  | { kind: 'not-notified'; to: string; what: string; why: string }
  | { kind: 'cancel-requested' }
  | { kind: 'breach'; what: string; reachedDatabase: boolean }
  | {
      kind: 'ended';
      outcome: Outcome;
      reason: string;
      /** Who made it leave its order; absent where it went to its end. */
      leftBy?: LeftBy;
    };

export type Entry = Event & { /** ISO 8601, workflow time. */ at: string };
export type Journal = readonly Entry[];
