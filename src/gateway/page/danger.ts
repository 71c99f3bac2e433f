import { lossInWords } from '../../domain/rehearsal.ts';
import type { View } from './view.ts';
import { isPivot } from '../../activities/steps.ts';

/** Past the pivot the database may have moved: nothing unwinds by itself any more. */
export const pastThePivot = ({ status, plan }: View): boolean =>
  plan?.plan.takesUp?.pivotPassed === true ||
  (status?.progress?.steps ?? []).some(
    ({ step, startedAt }) => isPivot(step, plan?.plan.kind ?? 'rollback') && startedAt !== undefined,
  );

/** Why approving the open gate must be confirmed by typing; none: a press will do. */
export function dangersOfApproving({ status, plan, report }: View): string[] {
  const gate = status?.progress?.gate;
  if (gate === undefined) return [];
  const kind = plan?.plan.kind;
  const { rehearsal, salvage } = report ?? {};
  return [
    ...(plan?.plan.takesUp?.pivotPassed ? ['An earlier rollback had begun to move this database.'] : []),
    ...(gate.gate === 'restore' && kind === undefined
      ? ['The release from before starts again, on the revision that was to be rolled back.']
      : []),
    ...(gate.gate === 'restore' && kind === 'emergency-restore'
      ? ['What the present database holds and the restored one does not is in use no more.']
      : []),
    ...(gate.gate === 'restore' && kind === 'point-in-time-restore'
      ? ['The application is led to another instance; what was written since is not in it.']
      : []),
    ...(gate.gate === 'downgrade' && plan?.plan.target === 'base'
      ? ['Every migration is reverted: the schema is empty afterwards.']
      : []),
    ...(gate.gate === 'downgrade' && rehearsal?.rehearsed === false
      ? [`It was not rehearsed: ${rehearsal.why}`]
      : []),
    ...(gate.gate === 'downgrade' ? (salvage?.lost ?? []) : []).map(
      (loss) => `Lost for good but for the ways back: ${lossInWords(loss)}`,
    ),
  ];
}
