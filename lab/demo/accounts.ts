import type { ReportedRows } from '../../src/views/report/rows.ts';

/**
 * Rows of every table after the stop and at the end, as lines. `accounted` is false where a table has other
 * rows at the end, and no reason is known.
 */
export function accounts(rows: ReportedRows[]): { lines: string; accounted: boolean } {
  const width = Math.max(...rows.map(({ table }) => table.length), 5);
  const line = (table: string, before?: number | string, after?: number | string, reason = '') =>
    `  ${table.padEnd(width)} ${String(before ?? '-').padStart(10)} ${String(after ?? '-').padStart(10)}  ${reason}`.trimEnd();
  const lines = [
    line('Rows', 'after stop', 'at end'),
    ...rows.map((row) => line(row.table, row.afterStop, row.atEnd, row.difference)),
  ];
  const accounted = rows.every((row) => row.afterStop === row.atEnd || row.difference?.startsWith('dropped'));
  return { lines: lines.join('\n'), accounted: rows.length > 0 && accounted };
}
