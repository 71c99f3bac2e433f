type Counts = Record<string, number>;

/**
 * Rows of every table after the stop and at the end, as lines. `accounted` is false where a table has other
 * rows at the end and the downgrade did not drop it.
 */
export function accounts(
  afterStop: Counts,
  atEnd: Counts,
  dropped: Counts,
): { lines: string; accounted: boolean } {
  let accounted = Object.keys(atEnd).length > 0;
  const tables = Object.keys({ ...afterStop, ...atEnd }).toSorted();
  const rows = tables.map((table) => {
    const [before, after] = [afterStop[table], atEnd[table]];
    const equal = before === after;
    if (!equal && !(table in dropped)) accounted = false;
    const reason = equal
      ? ''
      : table in dropped
        ? 'dropped by the downgrade; in the backup'
        : 'UNEQUAL WITHOUT A REASON';
    return [table, before ?? '-', after ?? '-', reason];
  });
  const width = Math.max(...tables.map((table) => table.length), 5);
  const line = ([table, before, after, reason]: (string | number)[]) =>
    `  ${String(table).padEnd(width)} ${String(before).padStart(10)} ${String(after).padStart(10)}  ${reason}`.trimEnd();
  const lines = [['Rows', 'after stop', 'at end', ''], ...rows].map(line).join('\n');
  return { lines, accounted };
}
