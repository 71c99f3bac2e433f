/*
 * How numbers, names and times are written for people, each in one way. Pure, so that steps, activities, views and
 * the command line share it.
 */

/**
 * An amount with its noun: `1 row`, `59,218 rows`.
 *
 * @param plural where it is not the noun with an s
 */
export const count = (amount: number, noun: string, plural = `${noun}s`): string =>
  `${amount.toLocaleString('en')} ${amount === 1 ? noun : plural}`;

/** How many must agree: `1 person`, `2 different people`. */
export const people = (amount: number): string => count(amount, 'person', 'different people');

/** Rows by table, in one phrase: `95,219 rows in 6 tables`. */
export const rowsByTable = (counts: Record<string, number>): string =>
  `${count(
    Object.values(counts).reduce((sum, rows) => sum + rows, 0),
    'row',
  )} in ${count(Object.keys(counts).length, 'table')}`;

const sizes = [
  [1e9, 'GB'],
  [1e6, 'MB'],
  [1e3, 'kB'],
] as const;

/** Bytes in powers of 1,000: `820 B`, `1.2 MB`. */
export function bytes(amount: number): string {
  const [size, unit] = sizes.find(([least]) => amount >= least) ?? [1, 'B'];
  return `${size === 1 ? amount : (amount / size).toFixed(1)} ${unit}`;
}

/** Milliseconds: `0.4 s`, `30 s`, `4 min 05 s`, `2 h 10 min`. The page's script writes its clocks the same way. */
export function duration(milliseconds: number): string {
  const seconds = milliseconds / 1_000;
  if (seconds < 100) return `${seconds.toFixed(1).replace('.0', '')} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 100) return `${minutes} min ${String(Math.floor(seconds % 60)).padStart(2, '0')} s`;
  return `${Math.floor(minutes / 60)} h ${String(minutes % 60).padStart(2, '0')} min`;
}

/** The same of seconds, as steps measure. */
export const seconds = (amount: number): string => duration(amount * 1_000);

/** A time with its day, to the second: `2025-11-18 03:12:05 UTC`. */
export const utc = (iso: string): string => `${iso.slice(0, 10)} ${clock(iso)}`;

/** A time of a day that the reader knows: `03:12:05 UTC`. */
export const clock = (iso: string): string => `${iso.slice(11, 19)} UTC`;

/** The reason behind a statement; nothing where nobody gave one. */
export const because = (reason: string | undefined): string => (reason === undefined ? '' : `: ${reason}`);

const mostNamed = 40;

/** Names in one line, as many as a person reads. */
export const named = (all: readonly string[]): string =>
  all.slice(0, mostNamed).join(', ') +
  (all.length > mostNamed ? ` and ${(all.length - mostNamed).toLocaleString('en')} more` : '');

/** One word of a POSIX shell, whatever is in it. */
export const shellQuote = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;

/** A name in SQL that a person pastes; code that runs SQL quotes with the driver's own function. */
export const sqlName = (name: string): string => `"${name.replaceAll('"', '""')}"`;
