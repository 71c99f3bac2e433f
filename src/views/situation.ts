import { compareInstance } from '../activities/compare-instance/step.ts';
import { downgrade } from '../activities/downgrade/step.ts';
import { putInPlace } from '../activities/put-in-place/step.ts';
import { restore } from '../activities/restore/step.ts';
import { isPivot } from '../activities/steps.ts';
import { switchBack } from '../activities/switch-back/step.ts';
import { switchDatabase } from '../activities/switch-database/step.ts';
import { verify } from '../activities/verify/step.ts';
import { entriesOf, foundBy, hasBegun } from '../domain/journal/journal.ts';
import type { Journal } from '../domain/journal/journal.ts';
import type { Situation } from '../domain/leads-to.ts';
import type { PlanKind, Plan } from '../domain/plan/plan.ts';
import { writesStoppedIn } from './outage.ts';

/** True while the Secrets lead to the new instance of a point-in-time restore, or may do so. */
export const isSwitched = (journal: Journal): boolean =>
  journal.findLast(
    (entry) =>
      (entry.kind === 'step-began' && entry.step === switchDatabase.name) ||
      (entry.kind === 'step-ended' && entry.step === switchBack.name),
  )?.kind === 'step-began';

/** The revision that the journal proves; undefined where a step that may have moved it did not end. */
export function revisionIn(journal: Journal, before: string): string | undefined {
  if (hasBegun(journal, restore)) return foundBy(journal, restore)?.revision;
  if (isSwitched(journal)) return foundBy(journal, compareInstance)?.revision;
  if (hasBegun(journal, putInPlace)) return foundBy(journal, putInPlace)?.revision;
  if (!hasBegun(journal, downgrade)) return before;
  return foundBy(journal, verify)?.revision ?? foundBy(journal, downgrade)?.to;
}

/** Once its step has begun the pivot counts as passed, unless that step says that it ended before. */
function hasPassedPivot(journal: Journal, kind: PlanKind): boolean {
  const before = entriesOf(journal, 'step-failed').filter(({ fault }) => fault.beforePivot);
  return entriesOf(journal, 'step-began').some(
    (began) =>
      isPivot(began.step, kind) &&
      !before.some((failed) => failed.step === began.step && failed.try === began.try),
  );
}

interface Of {
  kind: PlanKind;
  plan?: Plan;
}

/** Where the operation is, as far as it decides what answers lead to. */
export function situationIn(journal: Journal, { plan, kind }: Of): Situation {
  const stopped = writesStoppedIn(journal);
  const { takesUp } = plan ?? {};
  return {
    kind,
    writes: stopped === undefined ? 'untouched' : stopped.until === undefined ? 'stopped' : 'resumed',
    pivotPassed: takesUp?.pivotPassed === true || hasPassedPivot(journal, kind),
    takenUp: takesUp !== undefined,
    switched: isSwitched(journal),
    onGiveUp: plan?.service.onGiveUp ?? 'put-back',
  };
}
