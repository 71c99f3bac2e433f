import { diagnosisInWords } from './diagnosis.ts';
import type { Restored, WaysBack } from '../domain/findings.ts';
import { tableInWords } from '../domain/data-diff.ts';
import type { DataDiff } from '../domain/data-diff.ts';
import { lossInWords } from './loss.ts';
import type { Observations, Plan } from '../domain/plan/plan.ts';
import { summaries } from './summaries.ts';
import { plannedWaysBack } from './ways-back.ts';

const moves = ({ from, target, reverts }: Plan) => [
  `Database: ${from} → ${target}`,
  ...reverts.map(({ revision, message }) => `Reverts ${revision}: ${message}`),
];

export const release = (plan: Plan) => [
  ...plan.workloads.map(({ deployment, found, wanted, rollBackTo }) => {
    const app = rollBackTo
      ? `${found.image} → ${rollBackTo.image}`
      : `${found.image}; no earlier release fits the target`;
    return found.replicas === 0 && wanted.replicas > 0
      ? `${deployment}: found stopped already (0 replicas), wanted ${wanted.replicas}; ${app}`
      : `${deployment}: ${found.replicas} replicas found, wanted ${wanted.replicas}; ${app}`;
  }),
  ...plan.cronJobs
    .filter(({ found, wanted }) => found.suspended && !wanted.suspended)
    .map(({ name }) => `CronJob ${name}: found suspended already, will be resumed at the end`),
  ...plan.cronJobs
    .filter(({ rollBackTo }) => rollBackTo === undefined)
    .map(({ name }) => `CronJob ${name}: no image fits the target, it will stay suspended`),
];

/** What a person should see at gate `start`: the plan, and what was found stopped already. */
export function shownAtStart(plan: Plan, observations: Observations): string[] {
  const { takesUp } = plan;
  return [
    ...(takesUp
      ? [
          `Takes up the unfinished operation ${takesUp.operation}${takesUp.pivotPassed ? ', whose downgrade had begun' : ''}`,
        ]
      : []),
    ...moves(plan),
    ...(observations.diagnosis ? diagnosisInWords(observations.diagnosis) : []),
    ...plannedWaysBack(plan),
    ...release(plan),
    ...observations.notes,
    ...observations.errors.slice(-3).map((line) => `Seen in the logs: ${line}`),
    ...observations.notVerified.map((what) => `Not verified: ${what}`),
  ];
}

/** At gate `downgrade`: the plan with its ways back, what was rehearsed, and what would be lost. */
export function shownAtDowngrade(plan: Plan, waysBack: WaysBack): string[] {
  const { stopped, snapshot, backup, rehearsal, salvage } = waysBack;
  return [
    ...moves(plan),
    ...(salvage.unknown === undefined
      ? []
      : [`LOSS UNKNOWN, counted as a loss: ${salvage.unknown}; only the ways back hold all of it`]),
    ...salvage.lost.map((loss) => `LOST for good but for the ways back: ${lossInWords(loss)}`),
    `Writes: ${summaries['stop-writes'](stopped).summary}`,
    `Snapshot: ${summaries['snapshot'](snapshot).summary}`,
    backup
      ? `Backup: ${summaries['back-up'](backup).summary}`
      : `Backup: made from the snapshot beside the rollback, proved before ${plan.service.backup.proveBefore === 'resume' ? 'writes resume' : 'the end'}`,
    `Rehearsal: ${summaries.rehearse(rehearsal).summary}`,
    ...(rehearsal.rehearsed
      ? [
          ...rehearsal.warnings.map((warning) => `Warning: ${warning}`),
          ...rehearsal.losses.map((loss) => `Would lose: ${lossInWords(loss)}`),
        ]
      : []),
    `Salvage: ${summaries.salvage(salvage).summary}`,
    ...release(plan),
  ];
}

/** At gate `restore`: approving starts the newer release on the bad revision again. */
export function shownAtRestore(plan: Plan, restored: Restored, newer?: DataDiff): string[] {
  return [
    summaries.restore(restored).summary,
    ...(newer
      ? [
          `Written since the application had started again, and only in ${restored.kept}: ${summaries['data-diff'](newer).summary}`,
          ...newer.tables.map(tableInWords),
        ]
      : []),
    `The failed database is kept as ${restored.kept}`,
    `Approve: the release from before starts again, with the database at ${plan.from}`,
    'Reject: writes stay stopped, and a person takes over',
  ];
}
