import type { Journal } from '../../domain/journal/journal.ts';
import { damagedIn } from './emergency.ts';
import { countsOf } from '../progress.ts';
import { foundBy, hasBegun } from '../../domain/journal/journal.ts';
import { verify } from '../../activities/verify/step.ts';
import { putInPlace } from '../../activities/put-in-place/step.ts';
import { restore } from '../../activities/restore/step.ts';

/** Rows of one table after the stop and at the end. */
export interface ReportedRows {
  table: string;
  afterStop?: number;
  atEnd?: number;
  /** Why the two differ; `unexplained` must never stand in a report of a rollback that ended well. */
  difference?: string;
}

function differenceOf(
  afterStop: number | undefined,
  atEnd: number | undefined,
  older: boolean,
  dropped: boolean,
  unreadable: boolean,
): string | undefined {
  if (afterStop === atEnd) return undefined;
  if (unreadable && afterStop === undefined) return 'it could not be read when writes stopped';
  if (older) return 'restored from an older state; what is lost by it stands in the data diff';
  if (dropped) return 'dropped by the downgrade, together with its rows; they are in the backup';
  if (atEnd === undefined) return 'unexplained: the table is gone';
  return afterStop === undefined ? 'unexplained: the table is new' : `unexplained: ${atEnd - afterStop} rows`;
}

/** Row counts by table, each difference with its reason. Without counts at the end, those after the stop alone. */
export function rowsIn(journal: Journal): ReportedRows[] {
  const { afterStop = {}, atEnd } = countsOf(journal);
  const restored = hasBegun(journal, restore);
  const dropped = restored ? {} : (foundBy(journal, verify)?.dropped ?? {});
  const unreadable = damagedIn(journal);
  const older = foundBy(journal, putInPlace) !== undefined;
  const tables = [...new Set([...Object.keys(afterStop), ...Object.keys(atEnd ?? {})])].toSorted();
  return tables.map((table) => {
    const [before, after] = [afterStop[table], atEnd?.[table]];
    const difference =
      atEnd && differenceOf(before, after, older, Object.hasOwn(dropped, table), unreadable.includes(table));
    return {
      table,
      ...(before !== undefined && { afterStop: before }),
      ...(after !== undefined && { atEnd: after }),
      ...(difference !== undefined && { difference }),
    };
  });
}
