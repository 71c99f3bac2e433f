import type { Expected } from '../client.ts';
import type { CliContext } from './context.ts';
import { duration } from '../domain/text.ts';
import type { Progress, StepProgress } from '../views/progress.ts';
import { isGuard } from '../activities/steps.ts';

/** How long a step usually takes, for one that is at work or still to come; empty where no earlier run tells. */
export function usually({ step, state }: StepProgress, expected: Expected): string {
  const time = expected[step];
  if (time === undefined || (state !== 'running' && state !== 'to-do')) return '';
  return `usually ${duration(time)}`;
}

const isOpen = ({ step, state }: StepProgress) =>
  !isGuard(step) && (state === 'running' || state === 'to-do');

/**
 * The work that is left, by what each step usually takes; nobody can tell how long people wait at gates and holds.
 * Nothing where no earlier run tells about any of it.
 */
export function leftInWords(steps: readonly StepProgress[], expected: Expected, now: number): string[] {
  const open = steps.filter(isOpen);
  const known = open.filter(({ step }) => expected[step] !== undefined);
  if (known.length === 0) return [];
  const left = known.reduce((sum, { step, startedAt }) => {
    const worked = startedAt === undefined ? 0 : now - Date.parse(startedAt);
    return sum + Math.max(0, (expected[step] ?? 0) - worked);
  }, 0);
  const unknown = open.length - known.length;
  const more = unknown === 0 ? '' : ` and ${unknown} ${unknown === 1 ? 'step' : 'steps'} nobody can tell of`;
  return [`About ${duration(left)} of work left, as it usually goes${more}; waiting for people not counted.`];
}

/** The write outage against its budget, counted down; nothing while writes go on. */
export function outageInWords(
  outage: Progress['outage'],
  now: number,
  colours: CliContext['colours'],
): string[] {
  if (outage === undefined) return [];
  const stopped = `Writes stopped for ${duration(now - Date.parse(outage.since))}`;
  const left = Date.parse(outage.endsAt) - now;
  const budget = `budget of ${duration(outage.budget)}`;
  return [
    left > 0
      ? `${stopped}; ${duration(left)} left of the ${budget}.`
      : colours.red(`${stopped}; the ${budget} is used up since ${duration(-left)}.`),
  ];
}
