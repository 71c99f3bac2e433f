import { describeTable, unreadableIn } from '../domain/data-diff.ts';
import type { DataDiff } from '../domain/data-diff.ts';
import type { EmergencyPlan, Observations } from '../domain/plan/plan.ts';
import type { Snapshot } from '../domain/snapshot.ts';
import type { GateSummary } from './gate.ts';
import { dangersOfTakingUp } from './gate-rollback.ts';
import { releaseOf } from './plan.ts';
import { describeSource } from '../domain/plan/source.ts';
import { named } from '../domain/text.ts';
import type { RestoredDatabase } from '../activities/restore-new-database/step.ts';
import type { StoppedWrites } from '../activities/stop-writes/step.ts';
import { diffData } from '../activities/data-diff/step.ts';
import { restoreNewDatabase } from '../activities/restore-new-database/step.ts';
import { takeSnapshot } from '../activities/snapshot/step.ts';

const moves = ({ from, target, source, database }: EmergencyPlan) => [
  `Restores database ${database.name} from ${describeSource(source)}`,
  `Database: ${from} → ${target}`,
];

/** At gate `start` of an emergency restore: what is restored from, and what was found. */
export function shownAtEmergencyStart(plan: EmergencyPlan, observations: Observations): GateSummary {
  const { takesUp } = plan;
  const shows = [
    ...(takesUp ? [`Takes up the unfinished operation ${takesUp.operation}`] : []),
    ...moves(plan),
    ...releaseOf(plan),
    'Way back: the database as it is now, kept under another name',
    ...observations.notes,
    ...observations.errors.slice(-3).map((line) => `Seen in the logs: ${line}`),
    ...observations.notVerified.map((what) => `Not verified: ${what}`),
  ];
  return { shows, dangers: dangersOfTakingUp(plan) };
}

interface Found {
  stopped: StoppedWrites;
  snapshot: Snapshot;
  restored: RestoredDatabase;
  dataDiff: DataDiff;
}

/** At gate `restore` of an emergency restore: what is lost by it (runbook: "if data loss is acceptable"). */
export function shownAtEmergency(plan: EmergencyPlan, found: Found): GateSummary {
  const { stopped, snapshot, restored, dataDiff } = found;
  const unreadable = unreadableIn(stopped, dataDiff);
  const shows = [
    ...moves(plan),
    diffData.summary(dataDiff).summary,
    ...(unreadable.length > 0
      ? [`CANNOT BE READ, so nobody can tell what is lost of it: ${named(unreadable)}`]
      : []),
    ...dataDiff.tables.map(describeTable),
    ...(restored.wrong ?? []).map((what) => `WRONG in what was restored: ${what}`),
    `Restored beside: ${restoreNewDatabase.summary(restored).summary}`,
    ...restored.notVerified.map((what) => `Not verified: ${what}`),
    // After a downgrade the counts of the stop are those from before it: what is there now, the data diff tells.
    `Writes are stopped: no foreign session left; ${stopped.sessionsEnded} ended`,
    snapshot.made
      ? `Snapshot of the database as it is now: ${takeSnapshot.summary(snapshot).summary}`
      : `No snapshot of the database as it is now: ${snapshot.why}`,
    `Way back: the database as it is now, kept under another name`,
    ...releaseOf(plan),
  ];
  const dangers = [
    ...dangersOfTakingUp(plan),
    'What only the present database holds is not in use any more; it is kept under another name.',
  ];
  return { shows, dangers };
}
