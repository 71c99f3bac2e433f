import { declared, stepTitle } from '../activities/steps.ts';
import type { Decision, GateName } from '../domain/approval/answers.ts';
import { failures } from '../domain/failures.ts';
import type { Fault } from '../domain/failures.ts';
import type { Outcome } from '../domain/journal/outcome.ts';
import type { Continued } from '../domain/journal/result.ts';
import { leadsTo } from '../domain/leads-to.ts';
import type { Answer, Ends, HoldAnswer, LeadsTo, LeftBy, Situation } from '../domain/leads-to.ts';
import type { Plan, PlanKind } from '../domain/plan/plan.ts';
import { line } from './blocks.ts';
import type { Action, Mood, Text } from './blocks.ts';

/*
 * What people read of gates, holds, answers and outcomes, each fact once. The page, the command line, the Temporal UI,
 * notifications, the report and the docs take it from here; what happens is decided in domain/leads-to.ts (law 12).
 */

/** The revision found and the one wanted; absent without a plan. */
export interface Way {
  from?: string;
  target?: string;
}

/** What an answer does, for whoever is about to give it. */
export interface Consequence {
  label: string;
  consequence: string;
  /** It ends, loses or brings back something: it must be confirmed. */
  danger: boolean;
}

const at = (revision: string | undefined) => (revision === undefined ? '' : ` at ${revision}`);

const staysAsFound = 'what the unfinished operation stopped stays stopped';

function putBack({ kind, switched }: Situation, { from }: Way): string {
  const again = 'everything that was stopped is started again as it was';
  if (kind === 'rollback')
    return `Nothing is rolled back: ${again}. The bad release runs, and the database stays${at(from)}.`;
  if (kind === 'emergency-restore')
    return `Nothing is restored: ${again}, on the present database${at(from)}.`;
  return switched
    ? `The application uses the old instance again: ${again}.`
    : `Nothing is switched: ${again}, on the old instance. A new instance stays, unused, until a person removes it.`;
}

function ending(to: Ends, situation: Situation, way: Way): string {
  if (to.outcome === 'restored')
    return `The release from before starts again, on the restored database${at(way.from)}: the revision that was to be rolled back.`;
  if (to.outcome === 'put-back') return putBack(situation, way);
  if (to.outcome === 'rejected')
    return situation.takenUp
      ? `Nothing is touched: ${staysAsFound}. Start again to take it up.`
      : 'Nothing is touched: the application goes on as it is.';
  if (to.writes === 'go-on')
    return 'It ends as it is now: the application runs, what is not resumed yet stays suspended, and a person takes over.';
  if (to.writes === 'as-found')
    return `It ends, and nothing is touched: ${staysAsFound} until a person takes over, or starts again.`;
  return 'It ends with writes stopped: the application stays down until a person takes over, or starts again.';
}

const stops = 'The application is stopped.';
const asks = (gate: GateName, before: string) =>
  `You are asked again (gate ${gate}) before ${before}, unless the definition asks nobody.`;

const approved: Record<PlanKind, Partial<Record<GateName, (way: Way) => string>>> = {
  rollback: {
    start: () =>
      `${stops} Then the downgrade is tried on a copy. ${asks('downgrade', 'the database changes')}`,
    downgrade: ({ from, target }) =>
      `The database is downgraded${from === undefined ? '' : ` from ${from}`}${target === undefined ? '' : ` to ${target}`} and verified; then the release that fits it starts.`,
  },
  'emergency-restore': {
    start: () =>
      `${stops} Then the restore is made beside the present database. ${asks('restore', 'it takes its place')}`,
    restore: ({ target }) =>
      `The restored database${at(target)} takes the place of the present one, which is kept under another name; then the release that fits it starts.`,
  },
  'point-in-time-restore': {
    start: () =>
      `${stops} Then the new instance is made and compared. ${asks('restore', 'the application uses it')}`,
    restore: ({ target }) =>
      `The application uses the new instance, with the database${at(target)}, and starts there. The old instance stays as it is.`,
  },
};

const againFirst = (stopsFirst: boolean) => (stopsFirst ? 'The application is stopped again. ' : '');

function consequence(answer: Answer, to: LeadsTo, situation: Situation, way: Way): string {
  switch (to.course) {
    case 'end':
      return `${againFirst(to.stopsFirst)}${ending(to, situation, way)}`;
    case 'skip':
      return declared(to.step)?.skipped ?? 'It goes on without this step.';
    case 'restore':
      return `${againFirst(to.stopsFirst)}The database is restored as it was before the downgrade, from the snapshot or else from the backup; the present one is kept. Then gate restore asks whether the release from before starts again.`;
    case 'ask':
      return 'It is too late to undo by itself: what runs goes on, and before the next step you are asked what should happen.';
    case 'go-on':
      if (answer.answer === 'approve') return approved[situation.kind][answer.gate]?.(way) ?? 'It goes on.';
      return declared(to.next)?.retried ?? 'This step runs again.';
  }
  return to satisfies never;
}

const labels: Record<Answer['answer'], string> = {
  approve: 'Approve',
  reject: 'Reject',
  expire: 'Nobody answers',
  retry: 'Retry',
  skip: 'Skip',
  restore: 'Restore',
  abort: 'Abort',
  'give-up': 'Nobody decides',
  cancel: 'Cancel',
  failure: 'A step fails',
};

const dangerous = new Set<Answer['answer']>(['skip', 'restore', 'abort']);

/** Whether an answer must be confirmed. */
export const isDangerous = (answer: Answer['answer']): boolean => dangerous.has(answer);

/** What an answer does where things stand so. */
export const consequenceOf = (answer: Answer, situation: Situation, way: Way = {}): Consequence => ({
  label: labels[answer.answer],
  consequence: consequence(answer, leadsTo(answer, situation), situation, way),
  danger: dangerous.has(answer.answer),
});

const gateQuestions: Record<PlanKind, Partial<Record<GateName, string>>> = {
  rollback: {
    start: 'Begin this rollback?',
    downgrade: 'Downgrade the database?',
    restore: 'Start the release from before on the restored database?',
  },
  'emergency-restore': {
    start: 'Begin this restore?',
    restore: 'Put the restored database in place?',
  },
  'point-in-time-restore': {
    start: 'Begin this restore?',
    restore: 'Let the application use the new instance?',
  },
};

const kindNames: Record<PlanKind, string> = {
  rollback: 'rollback',
  'emergency-restore': 'emergency restore',
  'point-in-time-restore': 'point-in-time restore',
};

/** What starting an operation does, before there is a plan. */
export const starting = (kind: PlanKind) => ({
  label: `Start the ${kindNames[kind]}`,
  consequence: `First it is assessed, which touches nothing. Gate start asks before anything is stopped, unless the definition asks nobody. ${approved[kind].start?.({}) ?? ''}`,
  dangers: [`The application goes down, and stays down until the ${kindNames[kind]} has ended.`],
});

/** What is asked at a gate. */
export const gateQuestion = (gate: GateName, { kind }: Situation): string =>
  gateQuestions[kind][gate] ?? `Pass gate ${gate}?`;

/** What is asked at a hold. */
export function holdQuestion(step: string, part: string | undefined, { type }: Fault): string {
  const title = `“${stepTitle(step)}”${part === undefined ? '' : ` (${part})`}`;
  const why = type === 'CancelRequested' ? `Cancelling was asked for, before ${title}.` : `${title} failed.`;
  return `${why} What should happen?`;
}

/** How the application is while somebody is asked. */
export function whileAsking({ writes, takenUp }: Situation): string {
  if (writes === 'stopped') return 'Writes are stopped: the application is down.';
  if (writes === 'resumed') return 'The application runs.';
  return takenUp
    ? 'What the unfinished operation stopped is still stopped.'
    : 'Nothing is touched yet: the application is as it was.';
}

/** How things are while a hold waits. */
export const whileHolding = ({ writes }: Situation): string =>
  writes === 'stopped'
    ? 'The application stays down until somebody decides; no data changes.'
    : 'Nothing goes on until somebody decides.';

/** What happens by itself where nobody decides in time. */
export const ifNobodyDecides = (step: string, situation: Situation, way: Way): string =>
  consequenceOf({ hold: step, answer: 'give-up' satisfies HoldAnswer }, situation, way).consequence;

/** What a person should decide at a hold, where one answer is the right one for this failure and is offered. */
export function advisedAt({ type }: Fault, decisions: readonly Decision[]): Decision | undefined {
  const declaration = failures[type];
  const advised = 'decide' in declaration ? declaration.decide : 'retry';
  return decisions.includes(advised) ? advised : undefined;
}

/** An answer with what it does, where there is no button. */
export const answerLine = ({ label, consequence, tone }: Action): Text =>
  line`${label}${tone === 'primary' && label !== labels.approve ? ' (advised)' : ''}: ${consequence}`;

/** How an operation ended, as far as people must know. */
export interface Ended {
  outcome: Outcome;
  /** Absent where it went to the end of its order. */
  leftBy?: LeftBy;
  /** At the end. */
  situation: Situation;
}

export interface Standing {
  mood: Extract<Mood, 'good' | 'waits' | 'bad'>;
  sentence: string;
  /** The application is down, or the problem stands and no person knows: it is not over for anybody. */
  needsYou: boolean;
}

const whoLeft: Record<LeftBy, string> = {
  person: '',
  nobody: 'Nobody answered in time. ',
  failure: 'A step failed. ',
};

function ended({ outcome, situation }: Ended): Omit<Standing, 'needsYou'> {
  const { kind, writes, takenUp } = situation;
  switch (outcome) {
    case 'rolled-back':
      return {
        mood: 'good',
        sentence: 'The database is at the target, and the application runs on the release that fits it.',
      };
    case 'nothing-to-do':
      return { mood: 'good', sentence: 'There was nothing to do, and nothing was touched.' };
    case 'restored':
      if (kind === 'emergency-restore')
        return {
          mood: 'good',
          sentence: 'The restored database is in use, and the application runs. The one from before is kept.',
        };
      if (kind === 'point-in-time-restore')
        return {
          mood: 'good',
          sentence: 'The application runs on the new instance. The old instance is kept.',
        };
      return {
        mood: 'waits',
        sentence:
          'The database is as it was before the downgrade, and the bad release runs on it again. The database that failed is kept.',
      };
    case 'put-back':
      return {
        mood: 'waits',
        sentence:
          kind === 'rollback'
            ? 'Everything that was stopped was started again: the bad release runs, and the database was not moved.'
            : 'Everything that was stopped was started again, on the database that was in use before.',
      };
    case 'rejected':
      return takenUp
        ? { mood: 'bad', sentence: `Nothing was touched: ${staysAsFound}. Start again to take it up.` }
        : { mood: 'waits', sentence: 'Nothing was touched: the application goes on as it was.' };
    case 'aborted':
      if (writes === 'stopped')
        return {
          mood: 'bad',
          sentence:
            'The application is DOWN: writes stay stopped until a person takes over, or starts again.',
        };
      return {
        mood: 'bad',
        sentence:
          writes === 'resumed'
            ? 'The application runs, but not everything was resumed; a person takes over.'
            : `Nothing was touched: ${staysAsFound} until a person takes over, or starts again.`,
      };
  }
  return outcome satisfies never;
}

/**
 * How an outcome is to be taken: the one answer for the colour of the page, the exit status of the command line, the
 * state of an incident and the report.
 */
export function outcomeOf(end: Ended): Standing {
  const { leftBy } = end;
  const { mood, sentence } = ended(end);
  const alone = leftBy === 'nobody' || leftBy === 'failure';
  return {
    mood,
    sentence: `${leftBy === undefined ? '' : whoLeft[leftBy]}${sentence}`,
    needsYou: mood === 'bad' || (mood === 'waits' && alone),
  };
}

/** An outcome as a heading. */
export const outcomeTitles: Record<Outcome, string> = {
  'rolled-back': 'Rolled back',
  'nothing-to-do': 'Nothing to do',
  restored: 'Restored',
  'put-back': 'Put back',
  rejected: 'Rejected',
  aborted: 'Aborted',
};

/** Over a failure by which a workflow ended before it came to an outcome. */
export const failedTitle = 'It failed before it could finish';

/** Of one that was started under another workflow ID. */
export const goesOnAs = ({ continuesAs, said }: Continued): string =>
  `It goes on as ${continuesAs}.${said === undefined ? '' : ` ${said}`}`;

/** The same of what shows an operation that may still be under way; undefined while it is. */
export const standingOf = ({
  outcome,
  leftBy,
  situation,
}: Partial<Pick<Ended, 'outcome' | 'leftBy'>> & Pick<Ended, 'situation'>): Standing | undefined =>
  outcome === undefined ? undefined : outcomeOf({ outcome, situation, ...(leftBy && { leftBy }) });

/** How things are left by an end that undoes nothing, for its reason; empty where nothing was or stays stopped. */
export function howItIsLeft({ outcome, writes }: Ends, takesUp: Plan['takesUp']): string {
  if (writes === 'stopped') return 'Writes stay stopped: the application is down until a person takes over.';
  if (writes === 'go-on')
    return 'The application runs; what is not resumed stays as it is, and a person takes over.';
  if (takesUp === undefined) return '';
  const then = outcome === 'aborted' ? 'a person takes over, or starts again' : 'start again';
  return `What operation ${takesUp.operation} stopped stays stopped: ${then} to take it up.`;
}
