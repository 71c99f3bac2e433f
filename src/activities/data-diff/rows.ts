import type { Client } from '../../postgres/connect.ts';
import type { Both, Shape } from './shape.ts';
import { rowOf, tableOf } from './table.ts';

const together = 20_000;

type Row = [key: string, contents: string];

/** Keys and contents of all rows as hashes, in order of the keys. */
async function* rowsOf(client: Client, shape: Shape, key: string, contents: string): AsyncGenerator<Row> {
  const select = `SELECT md5(${key}) COLLATE "C" AS key, md5(${contents}) AS contents FROM ${tableOf(shape)} ORDER BY 1, 2`;
  await client.query(`DECLARE data_diff NO SCROLL CURSOR FOR ${select}`);
  try {
    for (;;) {
      const { rows } = await client.query<Row>({
        text: `FETCH ${together} FROM data_diff`,
        rowMode: 'array',
      });
      yield* rows;
      if (rows.length < together) return;
    }
  } finally {
    await client.query('CLOSE data_diff').catch(() => {});
  }
}

/**
 * Walks through both tables side by side. Rows are the same by their primary key where both have the same one;
 * otherwise by all of their values, so that a changed row counts as one here and another there.
 */
export async function compareRows(
  both: Both,
  now: Shape,
  restored: Shape,
  columns: readonly string[],
): Promise<{ onlyNow: number; onlyRestored: number; changed: number }> {
  const keyed = now.key.length > 0 && now.key.join('\0') === restored.key.join('\0');
  const contents = rowOf(columns);
  const key = keyed ? rowOf(now.key) : contents;
  const here = rowsOf(both.now, now, key, contents);
  const there = rowsOf(both.restored, restored, key, contents);
  const found = { onlyNow: 0, onlyRestored: 0, changed: 0 };
  let [one, other] = [await here.next(), await there.next()];
  while (!one.done || !other.done) {
    const side = one.done ? 1 : other.done ? -1 : order(one.value[0], other.value[0]);
    if (side < 0) found.onlyNow += 1;
    else if (side > 0) found.onlyRestored += 1;
    else if (!one.done && !other.done && one.value[1] !== other.value[1]) found.changed += 1;
    if (side <= 0) one = await here.next();
    if (side >= 0) other = await there.next();
  }
  return found;
}

const order = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
