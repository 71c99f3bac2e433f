import { entriesOf } from '../domain/journal/journal.ts';
import type { Journal } from '../domain/journal/journal.ts';
import type { Plan } from '../domain/plan/plan.ts';
import { declared } from '../activities/steps.ts';

/** From the stop of writes until the application was started or put back; absent `until` while they are stopped. */
export interface WritesStopped {
  from: string;
  until?: string;
}

/** The write outage, as long as it lasts: counted down on the page, in the UI and in the CLI. Times are ISO 8601. */
export interface Outage {
  since: string;
  /** `writeOutageBudget` of the definition; milliseconds. */
  budget: number;
  /** When the budget is used up. Views have no clock: whoever shows it counts down to this. */
  endsAt: string;
}

const writesOf = ({ step }: { step: string }) => declared(step)?.writes;

export function writesStoppedIn(journal: Journal): WritesStopped | undefined {
  const first = entriesOf(journal, 'step-began').find((entry) => writesOf(entry) === 'stop');
  if (first === undefined) return undefined;
  const last = journal.findLast(
    (entry) =>
      (entry.kind === 'step-began' && writesOf(entry) === 'stop') ||
      (entry.kind === 'step-ended' && writesOf(entry) === 'resume'),
  );
  return last?.kind === 'step-ended' ? { from: first.at, until: last.at } : { from: first.at };
}

/** Undefined while writes go on, and without a plan, which names the budget. */
export function outageIn(journal: Journal, plan: Plan | undefined): Outage | undefined {
  const stopped = writesStoppedIn(journal);
  if (stopped === undefined || stopped.until !== undefined || plan === undefined) return undefined;
  const { writeOutageBudget: budget } = plan.service;
  const endsAt = new Date(Date.parse(stopped.from) + budget).toISOString();
  return { since: stopped.from, budget, endsAt };
}
