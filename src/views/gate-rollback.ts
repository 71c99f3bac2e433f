import { dangersAgainst, describeDiagnosis } from './diagnosis.ts';
import type { Diagnosis } from '../domain/diagnosis.ts';
import { describeTable } from '../domain/data-diff.ts';
import type { DataDiff } from '../domain/data-diff.ts';
import { plain, where } from './blocks.ts';
import { lossLines, willBeLost } from './losses.ts';
import { describeLoss } from '../domain/rehearsal.ts';
import type { Observations, Plan } from '../domain/plan/plan.ts';
import type { GateSummary } from './gate.ts';
import { movesOf, releaseOf } from './plan.ts';
import { plannedWaysBack } from './ways-back.ts';
import type { Restored } from '../activities/restore/step.ts';
import type { WaysBack } from '../activities/downgrade/step.ts';
import { stopWrites } from '../activities/stop-writes/step.ts';
import { takeSnapshot } from '../activities/snapshot/step.ts';
import { backUp } from '../activities/back-up/step.ts';
import { rehearse } from '../activities/rehearse/step.ts';
import { salvage as salvageStep } from '../activities/salvage/step.ts';
import { restore } from '../activities/restore/step.ts';
import { diffData } from '../activities/data-diff/step.ts';

/** What a person should see at gate `start`: the plan, and what was found stopped already. */
export function shownAtStart(plan: Plan, observations: Observations): GateSummary {
  const { takesUp } = plan;
  const shows = [
    ...(takesUp
      ? [
          `Takes up the unfinished operation ${takesUp.operation}${takesUp.pivotPassed ? ', whose downgrade had begun' : ''}`,
        ]
      : []),
    ...movesOf(plan),
    ...(observations.diagnosis ? describeDiagnosis(observations.diagnosis) : []),
    ...plannedWaysBack(plan),
    ...releaseOf(plan),
    ...observations.notes,
    ...observations.errors.slice(-3).map((line) => `Seen in the logs: ${line}`),
    ...observations.notVerified.map((what) => `Not verified: ${what}`),
  ];
  return { shows, dangers: [...dangersOfTakingUp(plan), ...dangersAgainst(observations.diagnosis)] };
}

/** An operation taken up after its pivot: approving it must be confirmed. */
export const dangersOfTakingUp = ({ takesUp }: Plan): string[] =>
  takesUp?.pivotPassed ? ['An unfinished operation had begun to change this database.'] : [];

/** At gate `downgrade`: the plan with its ways back, what was rehearsed, and what would be lost. */
export function shownAtDowngrade(plan: Plan, waysBack: WaysBack, diagnosis?: Diagnosis): GateSummary {
  const { stopped, snapshot, backup, rehearsal, salvage } = waysBack;
  const shows = [
    ...movesOf(plan),
    ...lossLines(salvage).map((each) => plain(each)),
    `Writes: ${stopWrites.summary(stopped).summary}`,
    `Snapshot: ${takeSnapshot.summary(snapshot).summary}`,
    backup
      ? `Backup: ${backUp.summary(backup).summary}`
      : `Backup: made from the snapshot beside the rollback, proved before ${plan.service.backup.proveBefore === 'resume' ? 'writes resume' : 'the end'}`,
    `Rehearsal: ${rehearse.summary(rehearsal).summary}`,
    ...(rehearsal.rehearsed
      ? [
          ...rehearsal.warnings.map((warning) => `Warning: ${warning}`),
          ...rehearsal.losses.map((loss) => `Would lose: ${describeLoss(loss)}`),
        ]
      : []),
    `Salvage: ${salvageStep.summary(salvage).summary}`,
    ...releaseOf(plan),
  ];
  return { shows, dangers: [...dangersOfDowngrading(plan, waysBack), ...dangersAgainst(diagnosis)] };
}

function dangersOfDowngrading(plan: Plan, { rehearsal, salvage }: WaysBack): string[] {
  return [
    ...dangersOfTakingUp(plan),
    ...where(plan.target === 'base', 'Every migration is reverted: the schema is empty afterwards.'),
    ...(rehearsal.rehearsed || rehearsal.there ? [] : [`It was not rehearsed: ${rehearsal.why}`]),
    ...willBeLost(salvage).map((each) => plain(each)),
  ];
}

/** At gate `restore`: what was restored, and what is only in the database that failed. */
export function shownAtRestore(plan: Plan, restored: Restored, newer?: DataDiff): GateSummary {
  const shows = [
    restore.summary(restored).summary,
    ...(newer
      ? [
          `Written since the application had started again, and only in ${restored.failedDatabase}: ${diffData.summary(newer).summary}`,
          ...newer.tables.map(describeTable),
        ]
      : []),
    `The failed database is kept as ${restored.failedDatabase}`,
  ];
  const dangers = [
    ...dangersOfTakingUp(plan),
    `The release from before starts again at ${plan.from}, the revision that was to be rolled back.`,
  ];
  return { shows, dangers };
}
