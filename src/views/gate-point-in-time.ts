import { utc } from '../domain/text.ts';
import type { Observations, PointInTimePlan } from '../domain/plan/plan.ts';
import { at, savedSecret, describeRecovery } from '../domain/plan/point-in-time.ts';
import { releaseOf } from './plan.ts';
import type { StoppedWrites } from '../activities/stop-writes/step.ts';
import type { ComparedInstance } from '../activities/compare-instance/step.ts';
import { describeLossTable } from '../activities/compare-instance/step.ts';
import type { RestoredInstance } from '../activities/restore-instance/step.ts';
import { compareInstance } from '../activities/compare-instance/step.ts';
import { restoreInstance } from '../activities/restore-instance/step.ts';
import { stopWrites } from '../activities/stop-writes/step.ts';
import type { GateSummary } from './gate.ts';
import { dangersOfTakingUp } from './gate-rollback.ts';

const moves = ({ recovery, from, target }: PointInTimePlan) => [
  `Restores ${recovery.provider} instance ${recovery.instance} as it was at ${describeRecovery(recovery)}`,
  `Into the new instance ${recovery.newInstance}; ${recovery.instance} stays as it is`,
  `Database: ${from} → ${target}`,
];

/** At gate `start` of a point-in-time restore. A time that was proposed is confirmed by approving. */
export function shownAtRecoveryStart(plan: PointInTimePlan, observations: Observations): GateSummary {
  const { takesUp, recovery } = plan;
  const shows = [
    ...(takesUp ? [`Takes up the unfinished operation ${takesUp.operation}`] : []),
    ...(recovery.how === 'proposed'
      ? [`CONFIRM THE TIME: ${utc(recovery.to)} is a guess; reject, and name it (--to), if it is not right`]
      : []),
    ...recovery.subscriptions.map(
      (name) =>
        `CONFIRM SUBSCRIPTION ${name}: from its first second until Backstep disables it there, the new instance may take from the publisher, by the slot of ${recovery.instance}, what that one then never gets. Keep it from reaching the publisher, or reject, and drop or detach the subscription first`,
    ),
    ...moves(plan),
    `The provider can restore from ${utc(recovery.earliest)} to ${utc(recovery.latest)}`,
    `Carried over: ${recovery.carries.join(', ')}`,
    ...releaseOf(plan),
    'Way back: the old instance, whose database is fenced off and not changed',
    ...observations.notes,
    ...observations.errors.slice(-3).map((line) => `Seen in the logs: ${line}`),
    ...observations.notVerified.map((what) => `Not verified: ${what}`),
  ];
  const dangers = [
    ...dangersOfTakingUp(plan),
    ...(recovery.how === 'proposed' ? [`The time ${utc(recovery.to)} is a guess.`] : []),
  ];
  return { shows, dangers };
}

interface Found {
  stopped: StoppedWrites;
  restored: RestoredInstance;
  compared: ComparedInstance;
}

/** At gate `restore` of a point-in-time restore: what is lost by it. */
export function shownAtSwitch(plan: PointInTimePlan, { stopped, restored, compared }: Found): GateSummary {
  const { recovery } = plan;
  const shows = [
    ...moves(plan),
    ...(compared.wrong ?? []).map((what) => `WRONG in the new instance: ${what}`),
    compareInstance.summary(compared).summary,
    ...compared.tables.map(describeLossTable),
    `New instance: ${restoreInstance.summary(restored).summary}`,
    ...restored.notes,
    ...compared.notVerified.map((what) => `Not verified: ${what}`),
    `Writes: ${stopWrites.summary(stopped).summary}`,
    ...releaseOf(plan),
    `Secrets: they will lead to ${at(restored.endpoint)} instead of ${at(recovery.endpoint)}; the old values stay in Secret ${savedSecret(recovery)}`,
  ];
  const dangers = [
    ...dangersOfTakingUp(plan),
    'The application uses another instance: what was written since is not in it.',
  ];
  return { shows, dangers };
}
