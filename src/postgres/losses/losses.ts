import type { Loss } from '../../domain/rehearsal.ts';
import type { Client } from '../connect.ts';
import { inSnapshot } from '../tables.ts';
import { changedRows, missingValues, type Pair } from './changed-rows.ts';
import { contents, type Content } from './contents.ts';
import { renamed } from './renamed.ts';
import { columnOf, keyText, shapes, type Shape } from './shapes.ts';

export interface LossOptions {
  /** A transaction id from just before the downgrade began on the copy. */
  boundary: string;
  /** Transaction id of the migration that is reverted, where rows can be told to be younger (`transactionOf`). */
  since?: string | undefined;
  onTable?: (key: string, done: number, of: number) => void;
}

/**
 * What a downgrade destroyed, measured by laying the copy that went through it beside the database that it was
 * cloned from: tables and columns gone, rows gone, values changed, large objects gone. Names do not matter: a table or column that is
 * renamed keeps its OID or number, and what was copied elsewhere is found by its contents. Computed columns are
 * not looked at, nor views: they hold nothing of their own.
 *
 * @param before a session on the database as it was; nobody writes to it
 * @param after a session on its clone, after the downgrade
 * @returns the losses, largest first; of a partitioned table as a whole
 * @throws Failure DatabaseRightMissing where a table may not be read, or only through row security
 */
export async function losses(before: Client, after: Client, options: LossOptions): Promise<Loss[]> {
  return inSnapshot(before, () =>
    inSnapshot(after, async () => {
      await alike(before);
      await alike(after);
      const [were, are] = [await shapes(before), await shapes(after)];
      const pair = [before, after] as const;
      const found: { shape: Shape; loss: Loss }[] = [];
      let done = 0;
      for (const shape of were.values()) {
        options.onTable?.(shape.key, done++, were.size);
        const same = are.get(shape.oid);
        const lost =
          same === undefined
            ? await droppedTable(pair, shape, { were, are, ...options })
            : [
                ...(await droppedColumns(pair, { before: shape, after: same }, { were, are, ...options })),
                ...(await changedContents(pair, { before: shape, after: same }, options)),
              ];
        found.push(...lost.map((loss) => ({ shape, loss })));
      }
      return [...byTable(found, are), ...(await lostLargeObjects(before, after))];
    }),
  );
}

/** The same text for the same value, whatever database and role are set to. */
const alike = (client: Client) =>
  client.query(`SET LOCAL search_path = ''; SET LOCAL datestyle = 'ISO'; SET LOCAL timezone = 'UTC';
    SET LOCAL intervalstyle = 'postgres'; SET LOCAL extra_float_digits = 3; SET LOCAL bytea_output = 'hex'`);

interface All extends LossOptions {
  were: Map<string, Shape>;
  are: Map<string, Shape>;
}
type Sessions = readonly [Client, Client];

const written = (since: string | undefined, younger: number) =>
  since === undefined ? {} : { writtenSince: younger };

async function droppedTable(sessions: Sessions, shape: Shape, all: All): Promise<Loss[]> {
  const columns = shape.columns.filter(({ generated }) => !generated);
  const { since } = all;
  const { rows, younger } = await contents(sessions[0], shape, { columns: [], since });
  if (rows === 0) return [];
  if (await renamed.table(sessions, shape, columns, all)) return [];
  return [{ kind: 'table', object: shape.key, rows, ...written(since, younger) }];
}

async function droppedColumns(sessions: Sessions, { before, after }: Pair, all: All): Promise<Loss[]> {
  const gone = before.columns.filter(
    ({ number, generated }) => !generated && columnOf(after, number) === undefined,
  );
  if (gone.length === 0) return [];
  const { since } = all;
  const { columns } = await contents(sessions[0], before, { columns: gone, since });
  const lost: Loss[] = [];
  for (const column of gone) {
    const { values, younger } = columns.get(column.number) ?? { values: 0, younger: 0 };
    if (values === 0 || (await renamed.column(sessions, { before, after }, column, all))) continue;
    const object = `${before.key}.${column.name}`;
    lost.push({ kind: 'column', object, rows: values, values, ...written(since, younger) });
  }
  return lost;
}

/**
 * Rows and values of what stays. A table is looked into only where a row went or a row version is younger than the
 * downgrade's beginning: whatever changes a value makes one.
 */
async function changedContents(
  sessions: Sessions,
  { before, after }: Pair,
  { boundary, since }: LossOptions,
): Promise<Loss[]> {
  const [old, now] = sessions;
  const was = await contents(old, before, { columns: [] });
  const is = await contents(now, after, { columns: [], since: boundary });
  if (is.rows === was.rows && is.younger === 0) return [];
  const stay = before.columns.filter(({ number, generated }) => {
    const same = columnOf(after, number);
    return !generated && same !== undefined && !same.generated;
  });
  const sums = async (client: Client, shape: Shape) =>
    contents(client, shape, {
      columns: stay.flatMap(({ number }) => columnOf(shape, number) ?? []),
      key: keyText(shape, before.primaryKey),
    });
  const [wereSums, areSums] = [await sums(old, before), await sums(now, after)];
  const differ = stay.filter(
    ({ number }) => !sameContent(wereSums.columns.get(number), areSums.columns.get(number)),
  );
  const changed = await changedRows(sessions, { before, after, since }, differ);
  const lost: Loss[] = [];
  const rows = changed?.gone.rows ?? Math.max(0, was.rows - is.rows);
  if (rows > 0)
    lost.push({
      kind: 'rows',
      object: before.key,
      rows,
      ...(changed && written(since, changed.gone.younger)),
    });
  for (const column of differ) {
    const found = changed?.values.get(column.number) ?? {
      // Values of rows that are gone are missing too.
      values: Math.max(0, (await missingValues(sessions, { before, after }, column)) - rows),
      younger: 0,
    };
    if (found.values === 0) continue;
    lost.push({
      kind: 'values',
      object: `${before.key}.${column.name}`,
      rows: found.values,
      values: found.values,
      ...(changed && written(since, found.younger)),
    });
  }
  return lost;
}

const sameContent = (one: Content | undefined, other: Content | undefined) =>
  one?.values === other?.values && one?.sum === other?.sum;

/** Partitions are told as the table to which they belong, unless that stays and they alone are dropped. */
function byTable(found: { shape: Shape; loss: Loss }[], are: Map<string, Shape>): Loss[] {
  const tops = new Set([...are.values()].flatMap(({ top }) => top?.oid ?? []));
  const told = new Map<string, Loss>();
  for (const { shape, loss } of found) {
    const whole = shape.top !== undefined && (loss.kind !== 'table' || !tops.has(shape.top.oid));
    const object = whole ? loss.object.replace(shape.key, () => shape.top?.key ?? shape.key) : loss.object;
    const id = `${loss.kind} ${object}`;
    const sum = told.get(id);
    told.set(id, sum === undefined ? { ...loss, object } : added(sum, loss));
  }
  return [...told.values()].toSorted((a, b) => b.rows - a.rows);
}

function added(one: Loss, other: Loss): Loss {
  const sum = { ...one, rows: one.rows + other.rows };
  if (one.values !== undefined) sum.values = one.values + (other.values ?? 0);
  if (one.writtenSince !== undefined) sum.writtenSince = one.writtenSince + (other.writtenSince ?? 0);
  return sum;
}

/**
 * Large objects that are gone, by their OIDs: others that were made meanwhile make up for none of them. They belong
 * to no table, so that nothing else would miss them. Whether one that stays was overwritten is not looked at.
 */
async function lostLargeObjects(before: Client, after: Client): Promise<Loss[]> {
  const { rows } = await before.query<{ oids: string[] | null }>(
    'SELECT array_agg(oid::text) AS oids FROM pg_catalog.pg_largeobject_metadata',
  );
  const there = rows[0]?.oids ?? [];
  if (there.length === 0) return [];
  const gone = await after.query<{ count: string }>(
    `SELECT count(*) FROM unnest($1::oid[]) AS there (oid)
     WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_largeobject_metadata m WHERE m.oid = there.oid)`,
    [there],
  );
  const count = Number(gone.rows[0]?.count);
  return count === 0 ? [] : [{ kind: 'large objects', object: 'large objects', rows: count }];
}
