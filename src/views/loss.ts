import type { Loss } from '../domain/rehearsal.ts';

const counted = (amount: number, noun: string) =>
  `${amount.toLocaleString('en')} ${noun}${amount === 1 ? '' : 's'}`;

/** A loss in one line, for gates, report and command line. */
export function lossInWords({ kind, object, rows, values, writtenSince }: Loss): string {
  const since = writtenSince === undefined ? '' : `, ${counted(writtenSince, 'row')} of them written since`;
  if (kind === 'table') return `table ${object} with ${counted(rows, 'row')}${since}`;
  if (kind === 'rows') return `${counted(rows, 'row')} of table ${object}${since}`;
  if (kind === 'large objects') return counted(rows, 'large object');
  const held = `${counted(values ?? 0, 'value')} in ${counted(rows, 'row')}${since}`;
  return kind === 'column' ? `column ${object} with ${held}` : `changed in column ${object}: ${held}`;
}
