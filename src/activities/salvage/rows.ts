import { quoted } from '../../postgres/connect.ts';
import { Failure } from '../../domain/failures.ts';
import { copyOut, lines, type Source } from './copy-out.ts';
import type { Keep } from './keeps.ts';

const from = ({ relation }: Keep): string => `${relation.partitioned ? '' : 'ONLY '}${relation.quoted} t`;

const list = (names: readonly string[]): string => names.map((name) => `t.${quoted(name)}`).join(', ');

/** 64 hexadecimal digits that tell a row, or its values, from others; the same in two databases. */
const digest = (names: readonly string[]): string => {
  const texts = names.map((name) => `t.${quoted(name)}::text`).join(', ');
  return `encode(sha256(convert_to(ROW(${texts})::text, getdatabaseencoding())), 'hex') COLLATE "C"`;
};
const digits = 64;

/** How many rows a keep has where it keeps all. */
export const countOf = (keep: Keep): string => `SELECT count(*) FROM ${from(keep)}`;

/** The rows of a keep, in COPY's text format. */
export function rowsOf(keep: Keep, live: Source, copy: Source | undefined): AsyncGenerator<Buffer> {
  if (keep.only === undefined) return copyOut(live, `SELECT ${list(keep.names)} FROM ${from(keep)}`);
  if (copy === undefined) throw new Failure('Unexpected', `No copy to compare ${keep.relation.key} with.`);
  return differing(keep, live, copy);
}

/**
 * Walks through both tables side by side in the order of their keys: the rows of the live one that the copy has
 * not any more, or whose lost columns have other values there. Takes no memory, whatever their size.
 */
async function* differing(keep: Keep, live: Source, copy: Source): AsyncGenerator<Buffer> {
  const heads = `${digest(keep.key)} AS k, ${digest(keep.only === 'values' ? keep.lost : [])} AS v`;
  const there = lines(copyOut(copy, `SELECT ${heads} FROM ${from(keep)} ORDER BY k`));
  const here = lines(copyOut(live, `SELECT ${heads}, ${list(keep.names)} FROM ${from(keep)} ORDER BY k`));
  try {
    let other = await there.next();
    for await (const line of here) {
      const key = line.toString('latin1', 0, digits);
      while (!other.done && keyIn(other.value) < key) other = await there.next();
      const same = !other.done && keyIn(other.value) === key ? other.value : undefined;
      const kept = keep.only === 'rows' ? same === undefined : same !== undefined && !isSame(line, same);
      if (kept) yield line.subarray(2 * (digits + 1));
    }
    // To its end, so that a copy that could not be read whole is noticed.
    while (!other.done) other = await there.next();
  } finally {
    await there.return(undefined);
  }
}

const keyIn = (line: Buffer): string => line.toString('latin1', 0, digits);

const isSame = (one: Buffer, other: Buffer): boolean =>
  one.toString('latin1', digits + 1, 2 * digits + 1) === other.toString('latin1', digits + 1, 2 * digits + 1);
