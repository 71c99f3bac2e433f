import type { Situation } from '../leads-to.ts';
import { pivots } from '../steps.ts';
import type { StepName } from '../steps.ts';
import type { Asked, Plan } from '../plan/plan.ts';
import type { Journal } from './journal.ts';
import { writesStoppedIn } from './outage.ts';

/** True while the Secrets lead to the new instance of a point-in-time restore, or may do so. */
export const isSwitched = (journal: Journal): boolean =>
  journal.findLast(
    (entry) =>
      (entry.kind === 'step-began' && entry.step === 'switch-database') ||
      (entry.kind === 'step-ended' && entry.step === 'switch-back'),
  )?.kind === 'step-began';

const hasBegun = (journal: Journal, name: StepName): boolean =>
  journal.some((entry) => entry.kind === 'step-began' && entry.step === name);

interface Of {
  kind?: Asked['kind'];
  plan?: Plan;
}

/** Where the operation is, as far as it decides what answers lead to. */
export function situationIn(journal: Journal, { plan, kind }: Of): Situation {
  const of = plan?.kind ?? kind ?? 'rollback';
  const stopped = writesStoppedIn(journal);
  const { takesUp } = plan ?? {};
  return {
    kind: of,
    writes: stopped === undefined ? 'untouched' : stopped.until === undefined ? 'stopped' : 'resumed',
    pivotPassed: takesUp?.pivotPassed === true || hasBegun(journal, pivots[of]),
    takenUp: takesUp !== undefined,
    switched: isSwitched(journal),
    onGiveUp: plan?.service.onGiveUp ?? 'put-back',
  };
}
