import { tableInWords, unreadableIn } from '../../domain/data-diff.ts';
import type { DataDiff } from '../../domain/data-diff.ts';
import type { Journal } from '../../domain/journal/journal.ts';
import { sourceInWords } from '../../domain/plan/source.ts';
import type { Source } from '../../domain/plan/source.ts';
import { duration } from '../../domain/text.ts';
import type { PutInPlace } from '../../activities/put-in-place/step.ts';
import type { RestoredBeside } from '../../activities/restore-beside/step.ts';
import { firstFoundBy, foundBy } from '../../domain/journal/journal.ts';
import type { Subject } from '../progress.ts';
import { restoreBeside } from '../../activities/restore-beside/step.ts';
import { diffData } from '../../activities/data-diff/step.ts';
import { putInPlace } from '../../activities/put-in-place/step.ts';
import { stopWrites } from '../../activities/stop-writes/step.ts';

/** What an emergency restore did; parts are absent where it did not come that far. */
export interface ReportedRestore {
  source: Source;
  beside?: RestoredBeside;
  dataDiff?: DataDiff;
  inPlace?: PutInPlace;
}

export function emergencyIn(journal: Journal, { plan }: Subject): ReportedRestore | undefined {
  if (plan?.kind !== 'emergency-restore') return undefined;
  const beside = foundBy(journal, restoreBeside);
  const dataDiff = foundBy(journal, diffData);
  const inPlace = foundBy(journal, putInPlace);
  return {
    source: plan.source,
    ...(beside && { beside }),
    ...(dataDiff && { dataDiff }),
    ...(inPlace && { inPlace }),
  };
}

/** What could not be read of the database as it was when writes were first stopped. */
export const damagedIn = (journal: Journal): string[] => {
  return unreadableIn(firstFoundBy(journal, stopWrites), foundBy(journal, diffData));
};

/** For the report: from what, and whether it took the place of the other. */
export function restoredLines({ source, beside, inPlace }: ReportedRestore): string[] {
  return [
    `From ${sourceInWords(source)}`,
    ...(source.kind === 'file' ? [`SHA-256 ${source.sha256}`] : []),
    ...(beside ? [`Restored beside in ${duration(beside.seconds * 1_000)}`] : ['Nothing was restored.']),
    ...(inPlace
      ? [
          `Renamed into place at ${inPlace.revision}; the database as it was is kept as ${inPlace.kept}`,
          ...inPlace.notes,
        ]
      : ['It did not take the place of the database.']),
  ];
}

/** What the kept database holds and the restored one does not. */
export function lostLines({ dataDiff }: Pick<ReportedRestore, 'dataDiff'>): string[] {
  if (dataDiff === undefined) return ['It was not counted.'];
  return [
    ...(dataDiff.tables.length === 0 ? [`Nothing: ${dataDiff.equal} tables are equal row by row`] : []),
    ...dataDiff.tables.map(tableInWords),
    `Counted at ${dataDiff.at}; evidence: ${dataDiff.evidence.ref}, SHA-256 ${dataDiff.evidence.sha256}`,
  ];
}
