import { describeTable } from '../../domain/data-diff.ts';
import type { DataDiff } from '../../domain/data-diff.ts';
import { hours, step, summarized } from '../../domain/step.ts';
import type { Tried } from '../../domain/step.ts';
import { count } from '../../domain/text.ts';
import type { RestoredDatabase } from '../restore-new-database/step.ts';

export interface DataDiffInput extends Tried {
  restored: Pick<RestoredDatabase, 'database'>;
  /** The database that is compared with it, where that is not the fenced one. */
  now?: string;
}

/** What the database holds now, or held when it failed, and the restored one does not. */
export const diffData = step<DataDiffInput, DataDiff>()({
  name: 'data-diff',
  title: 'Count what the present database holds and the restored one does not',
  section: 'Common Rollback Scenarios: if data loss is acceptable',
  onFailure: 'hold',
  decisions: ['retry', 'abort'],
  limits: { within: hours(12) },
  summary: ({ tables, equal, loses, lostRows, unreadable }) =>
    summarized(
      tables.length === 0
        ? `Nothing is lost: ${count(equal, 'table')} equal row by row`
        : `${loses ? 'LOSES' : 'Loses no row'}${lostRows > 0 ? ` ${count(lostRows, 'row')}` : ''}: ${count(tables.length, 'table')} ${tables.length === 1 ? 'differs' : 'differ'}, ${equal} equal row by row${unreadable ? `; ${count(unreadable.length, 'table')} CANNOT BE READ` : ''}`,
      tables.map(describeTable),
    ),
});
