import type { Plan } from '../../domain/plan/plan.ts';
import type { Breach } from '../../domain/record.ts';
import { hours, step } from '../../domain/step.ts';
import { count } from '../../domain/text.ts';

export interface GuardWritesInput {
  plan: Plan;
}

export interface GuardedWrites {
  breaches: Breach[];
}

/** Runs until cancelled; answers with the breaches seen. */
export const guardWrites = step<GuardWritesInput, GuardedWrites>()({
  name: 'guard-writes',
  title: 'Keep writes stopped',
  section: 'Step 1: Stop Write Operations',
  onFailure: 'report',
  decisions: [],
  limits: { within: hours(7 * 24) },
  guard: true,
  summary: ({ breaches }) =>
    breaches.length === 0
      ? { summary: 'Nothing came back' }
      : {
          summary: `${count(breaches.length, 'breach', 'breaches')} stopped`,
          notes: breaches.map(({ what }) => what),
        },
});
