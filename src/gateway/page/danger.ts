import { lossInWords } from '../../domain/rehearsal.ts';
import type { View } from './view.ts';
import type { Decision } from '../../domain/approval/answers.ts';
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

/** What a decision does, in words; those that are `dangerous` must be confirmed by typing. */
export const consequences: Record<
  Decision,
  { label: string; dangerous: boolean; says: (moved: boolean) => string }
> = {
  retry: { label: 'Retry', dangerous: false, says: () => 'Tries this step again.' },
  skip: {
    label: 'Skip',
    dangerous: true,
    says: () => 'Goes on without this step; the report names it first.',
  },
  restore: {
    label: 'Restore',
    dangerous: true,
    says: () =>
      'Brings the database back as it was before the downgrade, and keeps the present one beside it. Then gate restore asks whether the release from before starts again.',
  },
  abort: {
    label: 'Abort',
    dangerous: true,
    says: (moved) =>
      moved
        ? 'Ends here with writes stopped: the application stays down, and a person takes over by hand.'
        : 'Ends here, and puts back everything that was stopped. The database was not moved.',
  },
};
