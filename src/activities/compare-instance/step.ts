import type { PointInTimePlan } from '../../domain/plan/plan.ts';
import { hours, minutes, step, summarized } from '../../domain/step.ts';
import type { Tried } from '../../domain/step.ts';
import { count, rowsByTable } from '../../domain/text.ts';
import { failedChecks } from '../restore-new-database/step.ts';
import type { RestoredInstance } from '../restore-instance/step.ts';
import type { StoppedWrites } from '../stop-writes/step.ts';

export interface CompareInstanceInput extends Tried<PointInTimePlan> {
  restored: RestoredInstance;
  stopped: StoppedWrites;
}

/** A table as it is now, and as it was at the recovery time. Absent rows: there is no such table. */
export interface LossTable {
  table: string;
  now?: number;
  restored?: number;
  /** Rows inserted or changed since; absent where the server does not keep times of commits. */
  since?: number;
}

/** What of the new instance was compared, before anybody is asked. */
export interface ComparedInstance {
  revision: string;
  counts: Record<string, number>;
  /** SHA-256 of the schema. */
  catalog: string;
  /** Rows inserted, updated and deleted in it so far: one more, and it was written to since. */
  written: number;
  /** Tables that differ; at most 40. */
  tables: LossTable[];
  /** Tables of which nothing shows a difference. */
  equal: number;
  /** False only where every table is known to have got nothing since. */
  loses: boolean;
  checked: string[];
  /** What the service's own checks found wrong: people see it at gate `restore`, and decide. */
  wrong?: string[];
  notVerified: string[];
}

/** Looks at the new instance, and at what the present one holds that it does not. */
export const compareInstance = step<CompareInstanceInput, ComparedInstance>()({
  name: 'compare-instance',
  title: 'Look at the new instance, and count what it does not hold',
  section: 'Emergency Database Restore, 5; Common Rollback Scenarios: if data loss is acceptable',
  onFailure: 'hold',
  decisions: ['retry', 'abort'],
  limits: { within: hours(2), perGigabyte: minutes(1) },
  summary: (found) =>
    summarized(
      `At ${found.revision}: ${rowsByTable(found.counts)}; ${found.loses ? 'LOSES what was written since' : 'nothing was written since'}: ${count(found.tables.length, 'table')} ${found.tables.length === 1 ? 'differs' : 'differ'}${failedChecks(found.wrong)}`,
      [
        ...(found.wrong ?? []).map((what) => `WRONG: ${what}`),
        ...found.tables.map(describeLossTable),
        ...found.checked,
        ...found.notVerified.map((what) => `Not verified: ${what}`),
      ],
    ),
  countsAtEnd: ({ counts }) => counts,
});

/** Whether the new instance lacks something of a table, as far as it was counted. */
export const losesTable = ({ now, restored, since = 0 }: LossTable): boolean =>
  now !== undefined && (restored === undefined || now > restored || since > 0);

/** One table in one line. */
export function describeLossTable({ table, now, restored, since }: LossTable): string {
  if (now === undefined) return `${table}: not there now, ${count(restored ?? 0, 'row')} then`;
  if (restored === undefined) return `LOST: ${table}: ${count(now, 'row')} now, and no such table then`;
  const written =
    since === undefined ? 'rows not compared one by one' : `${count(since, 'row')} written since`;
  const lost = losesTable({ table, now, restored, ...(since !== undefined && { since }) }) ? 'LOST: ' : '';
  return `${lost}${table}: ${count(now, 'row')} now, ${restored.toLocaleString('en')} then; ${written}`;
}
