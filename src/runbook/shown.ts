import type { Backup, Restored, StoppedWrites } from './findings.ts';
import type { Observations, Plan } from './plan.ts';
import { summaries } from './summaries.ts';

const moves = ({ from, target, reverts }: Plan) => [
  `Database: ${from} → ${target}`,
  ...reverts.map(({ revision, message }) => `Reverts ${revision}: ${message}`),
];

const release = (plan: Plan) => [
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
    ...release(plan),
    ...observations.notes,
    ...observations.errors.slice(-3).map((line) => `Seen in the logs: ${line}`),
    ...observations.notVerified.map((what) => `Not verified: ${what}`),
  ];
}

/** At gate `downgrade`: the plan with its proven way back. */
export function shownAtDowngrade(plan: Plan, stopped: StoppedWrites, backup: Backup): string[] {
  return [
    ...moves(plan),
    `Writes: ${summaries['stop-writes'](stopped).summary}`,
    `Backup: ${summaries['back-up'](backup).summary}`,
    ...release(plan),
  ];
}

/** At gate `restore`: approving starts the newer release on the bad revision again. */
export function shownAtRestore(plan: Plan, restored: Restored): string[] {
  return [
    summaries.restore(restored).summary,
    `The failed database is kept as ${restored.kept}`,
    `Approve: the release from before starts again, with the database at ${plan.from}`,
    'Reject: writes stay stopped, and a person takes over',
  ];
}
