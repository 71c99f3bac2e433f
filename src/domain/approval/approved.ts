import type { DataDiff } from '../data-diff.ts';
import type { RestoredBeside, WaysBack } from '../findings.ts';
import type { EmergencyPlan, Plan, PointInTimePlan } from '../plan/plan.ts';
import type { ComparedInstance, RestoredInstance } from '../plan/point-in-time.ts';

/**
 * What people approve at gate `downgrade`: this plan with these findings, and nothing that was only observed
 * (law 5). The workflow hashes it for the gate; the activity hashes what it is about to act on, and compares. What
 * was not made has no key: runs begun before there was such a step keep their hash.
 */
export const approvedAtDowngrade = (
  plan: Plan,
  { stopped, snapshot, backup, rehearsal, salvage }: WaysBack,
) => ({
  plan,
  ...(backup && { backup: { sha256: backup.sha256, counts: backup.counts } }),
  stopped: stopped.counts,
  ...(snapshot.made && { snapshot: { database: snapshot.database, fingerprint: snapshot.fingerprint } }),
  ...(rehearsal.rehearsed && { rehearsal: rehearsal.evidence.sha256 }),
  ...(salvage.kept && { salvage: salvage.kept.sha256 }),
  ...(salvage.lost.length > 0 && { lost: salvage.lost }),
  ...(salvage.unknown !== undefined && { unknown: salvage.unknown }),
});

/** What people approve at gate `restore` of an emergency restore: this plan, what was restored, what is lost by it. */
export const approvedAtEmergency = (plan: EmergencyPlan, restored: RestoredBeside, dataDiff: DataDiff) => ({
  plan,
  restored: restored.counts,
  ...(restored.wrong && { wrong: restored.wrong }),
  dataDiff: { sha256: dataDiff.evidence.sha256, lostRows: dataDiff.lostRows, loses: dataDiff.loses },
});

/** What people approve at gate `restore` of a point-in-time restore: this plan, this instance, what is lost by it. */
export const approvedAtSwitch = (
  plan: PointInTimePlan,
  { instance, endpoint }: RestoredInstance,
  { counts, catalog, tables, loses, wrong }: ComparedInstance,
) => ({ plan, instance, endpoint, counts, catalog, tables, loses, ...(wrong && { wrong }) });
