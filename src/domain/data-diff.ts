import { count } from './text.ts';
import type { Evidence } from './evidence.ts';

/** One table, as it is now and as it was restored. */
export interface TableDiff {
  table: string;
  /** Rows; absent where the table is not there. */
  now?: number;
  restored?: number;
  /** Rows by primary key: only in the database as it is now, only in the restored one, in both and different. */
  onlyNow?: number;
  onlyRestored?: number;
  changed?: number;
  /** Columns that the restored table has not, with the values that they hold now. */
  columns?: { column: string; values: number }[];
  /** The newest time in the column that says it, where one does. */
  newest?: { column: string; now?: string; restored?: string };
  /** Why rows were not compared one by one. */
  notCompared?: string;
  /** Why the table cannot be read as it is now; then nothing of it is counted but what was restored. */
  unreadable?: string;
}

/** What the database holds now and the restored one does not: what a restore loses (runbook: "if data loss is acceptable"). */
export interface DataDiff {
  /** When it was taken; ISO 8601. */
  at: string;
  /** Tables that differ; the others are equal row by row. */
  tables: TableDiff[];
  equal: number;
  /** Rows that are only in the database as it is now, or are different there, as far as they could be counted. */
  lostRows: number;
  /** True where something is lost, or where that could not be excluded. */
  loses: boolean;
  /** Tables that cannot be read as they are now, all of them. */
  unreadable?: string[];
  seconds: number;
  evidence: Evidence;
}

const rows = (amount: number) => count(amount, 'row');

/** Rows lost by restoring one table, as far as they could be counted. */
export function lostIn({ now = 0, restored, onlyNow = 0, changed = 0, notCompared }: TableDiff): number {
  if (restored === undefined) return now;
  return notCompared === undefined ? onlyNow + changed : Math.max(0, now - restored);
}

/** Whether restoring a table loses something, or nobody can say that it does not. */
export const losesIn = (of: TableDiff): boolean =>
  lostIn(of) > 0 ||
  of.notCompared !== undefined ||
  of.unreadable !== undefined ||
  (of.columns ?? []).some(({ values }) => values > 0);

/** One table in one line. */
export function describeTable(of: TableDiff): string {
  const { table, now, restored, onlyNow = 0, onlyRestored = 0, changed = 0, newest, notCompared } = of;
  const { columns = [], unreadable } = of;
  if (unreadable !== undefined)
    return `LOST: ${table}: cannot be read now: ${unreadable}; ${restored === undefined ? 'the table is not in what was restored' : `${rows(restored)} restored`}`;
  const time =
    newest === undefined
      ? ''
      : `; newest ${newest.column}: ${newest.now ?? 'none'} now, ${newest.restored ?? 'none'} restored`;
  if (now === undefined) return `${table}: not there now, ${rows(restored ?? 0)} restored`;
  if (restored === undefined)
    return `${now > 0 ? 'LOST: ' : ''}${table}: ${rows(now)} now, and the table is not in it${time}`;
  const counted = `${rows(now)} now, ${restored.toLocaleString('en')} restored`;
  const lost = losesIn(of) ? 'LOST: ' : '';
  const parts = [
    ...(onlyNow > 0 ? [`${rows(onlyNow)} only in the database as it is now`] : []),
    ...(changed > 0 ? [`${rows(changed)} different`] : []),
    ...(onlyRestored > 0 ? [`${rows(onlyRestored)} only in the restored one`] : []),
    ...columns.map(({ column, values }) => `column ${column} with ${values.toLocaleString('en')} values`),
    ...(notCompared === undefined ? [] : [`rows not compared (${notCompared})`]),
  ];
  return `${lost}${table}: ${[counted, ...parts].join(', ')}${time}`;
}

/** What cannot be read of the database as it is now, by what counted it and by what compared it, each once. */
export const unreadableIn = (
  stopped: { unreadable?: string[] } | undefined,
  dataDiff: Pick<DataDiff, 'unreadable'> | undefined,
): string[] => [...new Set([...(stopped?.unreadable ?? []), ...(dataDiff?.unreadable ?? [])])];
