import type { Backup } from '../../domain/backup.ts';
import type { Plan } from '../../domain/plan/plan.ts';
import type { Rehearsal } from '../../domain/rehearsal.ts';
import type { Salvage } from '../../domain/salvage.ts';
import type { Snapshot } from '../../domain/snapshot.ts';
import { hours, step } from '../../domain/step.ts';
import type { Tried } from '../../domain/step.ts';
import { seconds } from '../../domain/text.ts';
import type { StoppedWrites } from '../stop-writes/step.ts';

/**
 * What was found between the stop of writes and the downgrade: what people approve, and by which the downgrade
 * is undone. `backup` is absent while it is still being proved (`proveBefore`), the snapshot standing.
 */
export interface WaysBack {
  stopped: StoppedWrites;
  snapshot: Snapshot;
  backup?: Backup;
  rehearsal: Rehearsal;
  salvage: Salvage;
}

export interface DowngradeInput extends Tried {
  waysBack: WaysBack;
  /** Hash of what people approved. */
  approved: string;
}

export interface Downgrade {
  from: string;
  to: string;
  /** False where the database was at the target already. */
  moved: boolean;
  seconds: number;
  job: string;
}

export const downgrade = step<DowngradeInput, Downgrade>()({
  name: 'downgrade',
  title: 'Execute the downgrade',
  section: 'Step 4: Execute Rollback',
  onFailure: 'hold',
  decisions: ['retry', 'restore', 'abort'],
  limits: { within: hours(12) },
  pivot: ['rollback'],
  moves: true,
  summary: (found) => ({
    summary: found.moved
      ? `${found.from} → ${found.to} in ${seconds(found.seconds)}`
      : `The database was at ${found.to} already; nothing was moved`,
  }),
});

/**
 * What people approve at gate `downgrade`: this plan with these findings, and nothing that was only observed
 * (law 5). The workflow hashes it for the gate; the activity hashes what it is about to act on, and compares.
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
  ...(salvage.saved && { salvage: salvage.saved.sha256 }),
  ...(salvage.lost.length > 0 && { lost: salvage.lost }),
  ...(salvage.unknown !== undefined && { unknown: salvage.unknown }),
});
