import type { FoundOf, Step } from '../step.ts';
import type { AlertSource } from '../alert.ts';
import type { Fault } from '../failures.ts';
import type { Outcome } from './outcome.ts';
import type { PersonProof, Way } from '../approval/statement.ts';
import type { Decision, GateName } from '../approval/answers.ts';
import type { LeftBy } from '../leads-to.ts';

interface OfStep {
  step: string;
  try: number;
  /** Which of those for which it runs, one by one: the CronJob, of `resume-cron-jobs`. */
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

/**
 * What happens, as it happens. Progress, current details, search attributes, timeline and report are pure
 * functions of these entries (src/views).
 */
export type Event =
  | ({ kind: 'step-began' } & OfStep)
  | ({
      kind: 'step-ended';
      summary: string;
      notes?: string[];
      /** What the step keeps of its output (`foundIn`); absent where it ended without acting. */
      found?: unknown;
    } & OfStep)
  | ({ kind: 'step-failed'; fault: Fault } & OfStep)
  | {
      kind: 'gate-opened';
      gate: GateName;
      hash: string;
      people: number;
      expiresAt: string;
      shows: string[];
      /** Why approving must be confirmed; absent where a press will do. */
      dangers?: string[];
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
      step: string;
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
  | {
      kind: 'ended';
      outcome: Outcome;
      reason: string;
      /** Who made it leave its order; absent where it went to its end. */
      leftBy?: LeftBy;
    };

export type Entry = Event & { /** ISO 8601, workflow time. */ at: string };
export type Journal = readonly Entry[];

export type EntryOf<K extends Entry['kind']> = Extract<Entry, { kind: K }>;

export const entriesOf = <K extends Entry['kind']>(journal: Journal, kind: K): EntryOf<K>[] =>
  journal.filter((entry): entry is EntryOf<K> => entry.kind === kind);

/** What an entry keeps of this step's output; undefined of any other entry. */
export const foundIn = <S extends Step>(entry: Entry, { name }: S): FoundOf<S> | undefined =>
  // The declaration says what its activity answers: the one place where that is taken at its word.
  entry.kind === 'step-ended' && entry.step === name ? entry.found : undefined;

/** What a step found when it last ended. */
export function foundBy<S extends Step>(journal: Journal, step: S): FoundOf<S> | undefined {
  const ended = entriesOf(journal, 'step-ended').findLast((entry) => entry.step === step.name);
  return ended && foundIn(ended, step);
}

/** What it found when it first ended. */
export const firstFoundBy = <S extends Step>(journal: Journal, step: S): FoundOf<S> | undefined =>
  journal.map((entry) => foundIn(entry, step)).find((found) => found !== undefined);

/** Whether a step has begun, once at least. */
export const hasBegun = (journal: Journal, { name }: Step): boolean =>
  entriesOf(journal, 'step-began').some(({ step }) => step === name);
