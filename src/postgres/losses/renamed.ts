import type { Client } from '../connect.ts';
import type { Pair } from './changed-rows.ts';
import { contents, type Content } from './contents.ts';
import { columnOf, keyText, type Column, type Shape } from './shapes.ts';

interface Shapes {
  were: Map<string, Shape>;
  are: Map<string, Shape>;
}
type Sessions = readonly [Client, Client];

const plain = ({ columns }: Shape) => columns.filter(({ generated }) => !generated);
const equal = (one: Content, other: Content) => one.values === other.values && one.sum === other.sum;

/** Tables that were not there before. */
const made = ({ were, are }: Shapes) => [...are.values()].filter(({ oid }) => !were.has(oid));

/** Whether all that a dropped table held is found in one that was made: copied by hand, instead of renamed. */
async function table(
  [old, now]: Sessions,
  shape: Shape,
  columns: readonly Column[],
  all: Shapes,
): Promise<boolean> {
  const candidates = made(all);
  if (candidates.length === 0) return false;
  const wanted = await contents(old, shape, { columns });
  for (const candidate of candidates) {
    const found = await contents(now, candidate, { columns: plain(candidate) });
    const there = [...found.columns.values()];
    const holds = [...wanted.columns.values()].every(
      (one) => one.values === 0 || there.some((other) => equal(one, other)),
    );
    if (found.rows === wanted.rows && holds) return true;
  }
  return false;
}

/**
 * Whether the values of a dropped column are found in a new column of the same table, each in its own row, or in a
 * column of a table that was made.
 */
async function column(
  [old, now]: Sessions,
  { before, after }: Pair,
  { number }: Column,
  all: Shapes,
): Promise<boolean> {
  const gone = before.columns.filter((each) => each.number === number);
  const added = plain(after).filter((each) => columnOf(before, each.number) === undefined);
  const [key, keyNow] = [keyText(before, before.primaryKey), keyText(after, before.primaryKey)];
  const keyed = key !== undefined && keyNow !== undefined;
  if (added.length > 0) {
    const wanted = (await contents(old, before, { columns: gone, ...(keyed && { key }) })).columns.get(
      number,
    );
    const found = await contents(now, after, { columns: added, ...(keyed && { key: keyNow }) });
    if (wanted && [...found.columns.values()].some((other) => equal(wanted, other))) return true;
  }
  const candidates = made(all);
  if (candidates.length === 0) return false;
  const wanted = (await contents(old, before, { columns: gone })).columns.get(number);
  for (const candidate of candidates) {
    const found = await contents(now, candidate, { columns: plain(candidate) });
    if (wanted && [...found.columns.values()].some((other) => equal(wanted, other))) return true;
  }
  return false;
}

export const renamed = { table, column };
