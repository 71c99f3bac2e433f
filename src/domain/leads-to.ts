import type { Outcome } from './journal/outcome.ts';
import type { Decision, GateName } from './approval/answers.ts';
import type { PlanKind } from './plan/plan.ts';
import type { Step } from './step.ts';

/** Where an operation is when something is answered: all that decides what the answer leads to. */
export interface Situation {
  kind: PlanKind;
  /** `untouched`: this operation has stopped nothing; `resumed`: the application was started again. */
  writes: 'untouched' | 'stopped' | 'resumed';
  /** By this operation, or by the unfinished one that it takes up: nothing is undone by itself any more. */
  pivotPassed: boolean;
  /** It takes up an unfinished operation. */
  takenUp: boolean;
  /** Of a point-in-time restore: the application is led to the new instance, or may be. */
  switched: boolean;
  /** What the definition wants where nobody decides at a hold in time. */
  onGiveUp: 'put-back' | 'stay-stopped';
}

export type GateAnswer = 'approve' | 'reject' | 'expire';
export type HoldAnswer = Decision | 'give-up';

/** An answer of a person, or what counts as one: nobody answered in time, a cancel request, a step that failed. */
export type Answer = AtGate<GateAnswer> | AtHold<HoldAnswer> | { answer: 'cancel' } | { answer: 'failure' };

type AtGate<A extends GateAnswer> = A extends GateAnswer ? { gate: GateName; answer: A } : never;
type AtHold<A extends HoldAnswer> = A extends HoldAnswer ? { hold: string; answer: A } : never;

/** The answers after which an operation leaves its order. */
export type Leaving = Exclude<Answer, { answer: 'approve' | 'retry' | 'skip' }>;

/** Who made an operation leave its order: a person, the lapse of time, or a step that failed. */
export type LeftBy = 'person' | 'nobody' | 'failure';

/** It ends. Where undoing fails, it holds first. */
export interface Ends {
  course: 'end';
  outcome: Outcome;
  /** `go-on`: the application runs already, and goes on; `as-found`: this operation touched nothing. */
  writes: 'resume' | 'stopped' | 'go-on' | 'as-found';
  /** A record that is kept makes the next start take the operation up. */
  record: 'closed' | 'kept' | 'as-found';
  /** Steps that undo, in order. */
  undoes: readonly string[];
  /** Writes had resumed: they are stopped again before anything is undone. */
  stopsFirst: boolean;
}

export type LeadsTo =
  | Ends
  /** It goes on with this step: the next one, or the same one again. */
  | { course: 'go-on'; next: string }
  /** It goes on without this step. */
  | { course: 'skip'; step: string }
  /** The database is restored, and gate `restore` asks what happens then. */
  | { course: 'restore'; stopsFirst: boolean; asks: 'restore' }
  /** What runs or waits goes on; before the next step a hold asks. */
  | { course: 'ask' };

const afterGate: Record<PlanKind, Partial<Record<GateName, string>>> = {
  rollback: { start: 'stop-writes', downgrade: 'downgrade' },
  'emergency-restore': { start: 'stop-writes', restore: 'put-in-place' },
  'point-in-time-restore': { start: 'stop-writes', restore: 'switch-database' },
};

/** Which gates people may be asked at, in order. */
export const gatesOf: Record<PlanKind, readonly GateName[]> = {
  rollback: ['start', 'downgrade', 'restore'],
  'emergency-restore': ['start', 'restore'],
  'point-in-time-restore': ['start', 'restore'],
};

const undone = ({ switched }: Situation): readonly string[] =>
  switched ? ['switch-back', 'put-back'] : ['put-back'];

const back = (outcome: Outcome, situation: Situation): Ends => ({
  course: 'end',
  outcome,
  writes: 'resume',
  record: 'closed',
  undoes: undone(situation),
  stopsFirst: situation.writes === 'resumed',
});

const handedOver = ({ writes }: Situation): Ends => ({
  course: 'end',
  outcome: 'aborted',
  writes: ({ untouched: 'as-found', stopped: 'stopped', resumed: 'go-on' } as const)[writes],
  record: 'kept',
  undoes: [],
  stopsFirst: false,
});

/** Without a restore: before the pivot what was stopped is put back, from then on a person takes over. */
function unwound(situation: Situation): Ends {
  if (situation.pivotPassed) return handedOver(situation);
  if (situation.writes !== 'untouched') return back('put-back', situation);
  return {
    course: 'end',
    outcome: 'rejected',
    writes: 'as-found',
    record: 'as-found',
    undoes: [],
    stopsFirst: false,
  };
}

/** How an operation ends that leaves its order, where it does not restore first. */
export function endsAs(leaving: Leaving, situation: Situation): Ends {
  const { kind, onGiveUp } = situation;
  // Undoing is what failed: a person takes over.
  if ('hold' in leaving && undone({ ...situation, switched: true }).includes(leaving.hold))
    return handedOver(situation);
  if (leaving.answer === 'give-up' && onGiveUp === 'stay-stopped') return handedOver(situation);
  if (leaving.answer === 'restore' && kind === 'point-in-time-restore') return back('put-back', situation);
  return unwound(situation);
}

/**
 * What an answer leads to (law 12): the workflows act by it, and people read the sentence that `views/facts.ts`
 * makes of it.
 */
export function leadsTo(answer: Answer, situation: Situation): LeadsTo {
  const { kind, pivotPassed, writes } = situation;
  switch (answer.answer) {
    case 'approve': {
      const next = afterGate[kind][answer.gate];
      return next === undefined ? back('restored', situation) : { course: 'go-on', next };
    }
    case 'retry':
      return { course: 'go-on', next: answer.hold };
    case 'skip':
      return { course: 'skip', step: answer.hold };
    case 'restore':
      return kind === 'rollback'
        ? { course: 'restore', stopsFirst: writes === 'resumed', asks: 'restore' }
        : endsAs(answer, situation);
    case 'cancel':
      return pivotPassed ? { course: 'ask' } : endsAs(answer, situation);
    default:
      return endsAs(answer, situation);
  }
}

/** Who is behind an answer by which an operation left its order. */
export const leftBy = ({ answer }: Leaving): LeftBy =>
  answer === 'failure' ? 'failure' : answer === 'expire' || answer === 'give-up' ? 'nobody' : 'person';

/**
 * What people can answer where a step holds. Where nothing is left to restore from, restoring is not offered: an
 * emergency restore is one itself, and one to a time that was taken up after its switch can only go on until the
 * application starts.
 */
export function decisionsAt({ name, decisions }: Step, { kind, pivotPassed }: Situation): Decision[] {
  const canRestore =
    (kind === 'rollback' && pivotPassed) ||
    (kind === 'point-in-time-restore' && !(pivotPassed && name === 'roll-back-app'));
  const possible = decisions.filter((decision) => decision !== 'restore' || canRestore);
  return possible.length === 0 ? ['retry', 'abort'] : possible;
}
