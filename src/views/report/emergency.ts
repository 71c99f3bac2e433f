import { unreadableIn } from '../../domain/data-diff.ts';
import type { DataDiff } from '../../domain/data-diff.ts';
import type { Journal } from '../../domain/journal/journal.ts';
import type { Source } from '../../domain/plan/source.ts';
import type { PutInPlace } from '../../activities/put-in-place/step.ts';
import type { RestoredDatabase } from '../../activities/restore-new-database/step.ts';
import { firstFoundBy, foundBy } from '../../domain/journal/journal.ts';
import type { Subject } from '../progress.ts';
import { restoreNewDatabase } from '../../activities/restore-new-database/step.ts';
import { diffData } from '../../activities/data-diff/step.ts';
import { putInPlace } from '../../activities/put-in-place/step.ts';
import { stopWrites } from '../../activities/stop-writes/step.ts';

/** What an emergency restore did; parts are absent where it did not come that far. */
export interface ReportedRestore {
  source: Source;
  restored?: RestoredDatabase;
  dataDiff?: DataDiff;
  inPlace?: PutInPlace;
}

export function emergencyIn(journal: Journal, { plan }: Subject): ReportedRestore | undefined {
  if (plan?.kind !== 'emergency-restore') return undefined;
  const restored = foundBy(journal, restoreNewDatabase);
  const dataDiff = foundBy(journal, diffData);
  const inPlace = foundBy(journal, putInPlace);
  return {
    source: plan.source,
    ...(restored && { restored }),
    ...(dataDiff && { dataDiff }),
    ...(inPlace && { inPlace }),
  };
}

/** What could not be read of the database as it was when writes were first stopped. */
export const damagedIn = (journal: Journal): string[] => {
  return unreadableIn(firstFoundBy(journal, stopWrites), foundBy(journal, diffData));
};
