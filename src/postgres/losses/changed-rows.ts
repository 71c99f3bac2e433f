import type { Client } from '../connect.ts';
import { hashedRows, type Hashed } from './contents.ts';
import { columnOf, keyText, text, type Column, type Shape } from './shapes.ts';

/** The same table in two databases, and the transaction since which rows count as new. */
export interface Pair {
  before: Shape;
  after: Shape;
  since?: string | undefined;
}

export interface Changed {
  /** Rows whose key is gone. */
  gone: { rows: number; younger: number };
  /** By number of the column: values of rows that stay, which are not there any more. */
  values: Map<number, { values: number; younger: number }>;
}

/**
 * Lays a table of two databases side by side, by primary key: which rows are gone, and which values changed in
 * those that stay. Both are read once, in order, so that neither is ever held whole.
 */
export async function changedRows(
  [old, now]: readonly [Client, Client],
  { before, after, since }: Pair,
  columns: readonly Column[],
): Promise<Changed | undefined> {
  const [key, keyNow] = [keyText(before, before.primaryKey), keyText(after, before.primaryKey)];
  if (key === undefined || keyNow === undefined) return undefined;
  const result: Changed = {
    gone: { rows: 0, younger: 0 },
    values: new Map(columns.map(({ number }) => [number, { values: 0, younger: 0 }])),
  };
  const columnsNow = columns.flatMap(({ number }) => columnOf(after, number) ?? []);
  const others = hashedRows(now, after, { key: keyNow, columns: columnsNow });
  let other = await others.next();
  for await (const row of hashedRows(old, before, { key, columns, since })) {
    while (!other.done && other.value.key < row.key) other = await others.next();
    if (other.done || other.value.key > row.key) {
      result.gone.rows++;
      if (row.younger) result.gone.younger++;
      continue;
    }
    compare(row, other.value, columns, result);
    other = await others.next();
  }
  while (!other.done) other = await others.next();
  return result;
}

function compare(row: Hashed, now: Hashed, columns: readonly Column[], { values }: Changed): void {
  for (const [index, { number }] of columns.entries()) {
    const value = row.values[index];
    const found = values.get(number);
    if (value === null || value === now.values[index] || found === undefined) continue;
    found.values++;
    if (row.younger) found.younger++;
  }
}

/**
 * Without a primary key rows cannot be told apart: how many values of a column are found fewer times than before.
 */
export async function missingValues(
  [old, now]: readonly [Client, Client],
  { before, after }: Pair,
  column: Column,
): Promise<number> {
  const same = columnOf(after, column.number);
  if (same === undefined) return 0;
  const others = hashedRows(now, after, { key: text(same), columns: [] });
  let missing = 0;
  let other = await others.next();
  for await (const { key } of hashedRows(old, before, { key: text(column), columns: [] })) {
    while (!other.done && other.value.key < key) other = await others.next();
    if (other.done || other.value.key > key) missing++;
    else other = await others.next();
  }
  while (!other.done) other = await others.next();
  return missing;
}
