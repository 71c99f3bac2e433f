import type { AtWork, Doing, Expected } from '../domain/journal/at-work.ts';
import { bytes, count } from '../domain/text.ts';
import { line, where } from './blocks.ts';
import { consequenceOf } from './facts.ts';
import type { Block, Inline, StepLine, Text } from './blocks.ts';
import type { Outage, WritesStopped } from './outage.ts';
import type { Progress } from './progress.ts';
import type { StepProgress } from './step-progress.ts';
import { isGuard } from '../activities/steps.ts';

/** A step as people name it: with its CronJob, and its try from the second on. */
export const nameOf = (line: { title: string; part?: string; try: number }): string =>
  [line.title, line.part && `(${line.part})`, line.try > 1 && `try ${line.try}`].filter(Boolean).join(' ');

/** How far an activity says it is: `dumps papers: 320.0 MB of 812.0 MB`. */
export function howFar({ doing, done, of, unit }: Doing): string {
  if (done === undefined) return doing;
  const amount = (value: number) => (unit === 'bytes' ? bytes(value) : value.toLocaleString('en'));
  const noun = unit === undefined || unit === 'bytes' ? '' : ` ${unit}`;
  return `${doing}: ${amount(done)}${of === undefined ? '' : ` of ${amount(of)}`}${noun}`;
}

/** What a step is doing right now, with how far it is where that is known, and why it is being tried again. */
export function atWorkText({ latest, attempt, lastFailure, startedAt, nextAttemptAt }: AtWork): string {
  const waits = startedAt === undefined && nextAttemptAt !== undefined ? 'waits for a worker' : '';
  const again =
    attempt > 1 ? ` (attempt ${attempt}${lastFailure === undefined ? '' : `; before: ${lastFailure}`})` : '';
  return `${latest === undefined ? waits : howFar(latest)}${again}`;
}

interface Around {
  atWork?: readonly AtWork[];
  expected?: Expected;
  /** Ended, however: then nothing runs any more, whatever the journal says. */
  ended?: boolean;
}

const timeOf = ({ startedAt, endedAt }: StepProgress, ended: boolean): Text => {
  if (startedAt === undefined) return '';
  if (endedAt !== undefined) return { duration: Date.parse(endedAt) - Date.parse(startedAt) };
  return ended ? '' : { time: startedAt, as: 'since' };
};

/** How long a step usually takes, for one that is at work or still to come; empty where no earlier run tells. */
export function usually({ step, state }: StepProgress, expected: Expected): Inline[] {
  const time = expected[step];
  return time === undefined || (state !== 'running' && state !== 'to-do')
    ? []
    : ['usually ', { duration: time }];
}

/** The steps with what each found; of those at work what they do, of those to come how long they usually take. */
export const stepsBlock = (steps: readonly StepProgress[], around: Around = {}): Block => ({
  kind: 'steps',
  steps: steps.map((step) => stepLine(step, around)),
});

function stepLine(step: StepProgress, { atWork = [], expected = {}, ended = false }: Around): StepLine {
  // Terminated or refused in the middle of a step: it runs no more.
  const state = step.state === 'running' && ended ? 'failed' : step.state;
  const work = state === 'running' ? atWork.find((each) => each.step === step.step) : undefined;
  const does = work === undefined ? (step.summary ?? '') : atWorkText(work);
  const estimate = usually({ ...step, state }, expected);
  const between = estimate.length > 0 && does !== '' ? ['; '] : [];
  return {
    state,
    name: nameOf(step),
    time: timeOf(step, ended),
    says: [...estimate, ...between, does],
    ...(step.notes && { notes: step.notes }),
  };
}

const isOpen = ({ step, state }: StepProgress) =>
  !isGuard(step) && (state === 'running' || state === 'to-do');

/**
 * The work that is left, by what each step usually takes; nobody can tell how long people wait at gates and holds.
 * Undefined where no earlier run tells about any of it.
 */
export function leftText(steps: readonly StepProgress[], expected: Expected, now: number): Text | undefined {
  const open = steps.filter(isOpen);
  const known = open.filter(({ step }) => expected[step] !== undefined);
  if (known.length === 0) return undefined;
  const left = known.reduce((sum, { step, startedAt }) => {
    const worked = startedAt === undefined ? 0 : now - Date.parse(startedAt);
    return sum + Math.max(0, (expected[step] ?? 0) - worked);
  }, 0);
  const unknown = open.length - known.length;
  const more = unknown === 0 ? '' : ` and ${count(unknown, 'step')} nobody can tell of`;
  return line`About ${{ duration: left }} of work left, as it usually goes${more}; waiting for people not counted.`;
}

/** From when to when writes were stopped. */
export const writesStoppedText = ({ from, until }: WritesStopped): Text =>
  until === undefined
    ? line`Writes stopped: since ${{ time: from, as: 'day' }}, and still stopped`
    : line`Writes stopped: ${{ duration: Date.parse(until) - Date.parse(from) }} (${{ time: from, as: 'day' }} to ${{ time: until, as: 'day' }})`;

/** Who was called, who is on it, and whether somebody asked to cancel. */
export const meanwhile = ({ escalated, acknowledgedBy, cancelRequested, situation }: Progress): Text[] => [
  ...escalated.map(({ to, why, at }) => line`Escalated to ${to} at ${{ time: at }}: ${why}`),
  ...where(acknowledgedBy.length > 0, `On it: ${acknowledgedBy.join(', ')}`),
  ...where(
    cancelRequested,
    `Cancelling was asked for. ${consequenceOf({ answer: 'cancel' }, situation).consequence}`,
  ),
];

/** Whether the outage budget is used up; milliseconds since the epoch. */
export const isOver = ({ endsAt }: Outage, now: number): boolean => Date.parse(endsAt) <= now;

/** The write outage against its budget, counted down. Without a clock it is not known whether that is used up. */
export function outageText(outage: Outage, now?: number): Text {
  const { since, budget, endsAt } = outage;
  const stopped = line`${{ strong: 'Writes are stopped' }} ${{ time: since, as: 'since' }}`;
  const limit = line`the outage budget of ${{ duration: budget }}`;
  return now !== undefined && isOver(outage, now)
    ? line`${stopped}; ${limit} was used up at ${{ time: endsAt }}.`
    : line`${stopped}; ${limit} is used up ${{ time: endsAt, as: 'until' }}.`;
}
