import type { Loss } from '../domain/rehearsal.ts';
import { count } from '../domain/text.ts';

/** A loss in one line, for gates, report and command line. */
export function lossInWords({ kind, object, rows, values, writtenSince }: Loss): string {
  const since = writtenSince === undefined ? '' : `, ${count(writtenSince, 'row')} of them written since`;
  if (kind === 'table') return `table ${object} with ${count(rows, 'row')}${since}`;
  if (kind === 'rows') return `${count(rows, 'row')} of table ${object}${since}`;
  if (kind === 'large objects') return count(rows, 'large object');
  const held = `${count(values ?? 0, 'value')} in ${count(rows, 'row')}${since}`;
  return kind === 'column' ? `column ${object} with ${held}` : `changed in column ${object}: ${held}`;
}
