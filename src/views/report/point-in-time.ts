import type { Journal } from '../../domain/journal/journal.ts';
import type { Plan } from '../../domain/plan/plan.ts';

import type { Recovery } from '../../domain/plan/point-in-time.ts';
import { isSwitched } from '../situation.ts';
import type { ComparedInstance } from '../../activities/compare-instance/step.ts';
import type { RestoredInstance } from '../../activities/restore-instance/step.ts';
import type { SwitchedDatabase } from '../../activities/switch-database/step.ts';
import { foundBy, hasBegun } from '../../domain/journal/journal.ts';
import type { Subject } from '../progress.ts';
import { restoreInstance } from '../../activities/restore-instance/step.ts';
import { compareInstance } from '../../activities/compare-instance/step.ts';
import { switchDatabase } from '../../activities/switch-database/step.ts';

/** What a point-in-time restore did; parts are absent where it did not come that far. */
export interface ReportedRecovery {
  recovery: Recovery;
  restored?: RestoredInstance;
  compared?: ComparedInstance;
  /** Absent where the Secrets lead to the old instance. */
  switched?: SwitchedDatabase;
}

export function recoveryIn(journal: Journal, { plan }: Subject): ReportedRecovery | undefined {
  if (plan?.kind !== 'point-in-time-restore') return undefined;
  const restored = foundBy(journal, restoreInstance);
  const compared = foundBy(journal, compareInstance);
  const switched = isSwitched(journal) ? foundBy(journal, switchDatabase) : undefined;
  return {
    recovery: plan.recovery,
    ...(restored && { restored }),
    ...(compared && { compared }),
    ...(switched && { switched }),
  };
}

/** The instance that nobody uses any more, which a person removes: Backstep deletes none. */
export function instancesIn(journal: Journal, plan: Plan | undefined): string[] {
  if (plan?.kind !== 'point-in-time-restore') return [];
  const { recovery, database } = plan;
  if (!hasBegun(journal, restoreInstance)) return [];
  const restored = foundBy(journal, restoreInstance);
  if (!isSwitched(journal))
    return [
      `${recovery.provider} instance ${recovery.newInstance} may have been made and is not used: remove it.`,
    ];
  const kept = foundBy(journal, switchDatabase)?.savedSecret;
  return [
    `The old ${recovery.provider} instance ${recovery.instance} is kept, its database under the name ${database.fencedName}; remove it when nobody needs it any more.`,
    ...(kept === undefined
      ? []
      : [`Secret ${kept} keeps the URLs of the old instance; remove it with that.`]),
    ...(restored?.notes ?? []),
  ];
}
