import type { EmergencyPlan } from '../../domain/plan/plan.ts';
import { hours, step, summarized } from '../../domain/step.ts';
import type { Tried } from '../../domain/step.ts';
import { count, rowsByTable, seconds } from '../../domain/text.ts';

/** A restored database, beside the one that is fenced off; nothing is renamed yet. */
export interface RestoredDatabase {
  database: string;
  counts: Record<string, number>;
  revision: string;
  seconds: number;
  /** What was compared, in words. */
  checked: string[];
  /** What the service's own checks found wrong: people see it at gate `restore`, and decide. */
  wrong?: string[];
  notVerified: string[];
}

/** Fills a new database beside the one that is fenced off, and compares it with what it was filled from. */
export const restoreNewDatabase = step<Tried<EmergencyPlan>, RestoredDatabase>()({
  name: 'restore-new-database',
  title: 'Restore into a new database beside the present one',
  section: 'Emergency Database Restore',
  onFailure: 'hold',
  decisions: ['retry', 'abort'],
  limits: { within: hours(12) },
  restores: true,
  summary: (found) =>
    summarized(
      `At ${found.revision} in ${seconds(found.seconds)}: ${rowsByTable(found.counts)} in ${found.database}; ${count(found.checked.length, 'check')} passed${failedChecks(found.wrong)}`,
      [
        ...(found.wrong ?? []).map((what) => `WRONG: ${what}`),
        ...found.checked,
        ...found.notVerified.map((what) => `Not verified: ${what}`),
      ],
    ),
});

/** The service's own checks that failed. */
export const failedChecks = (wrong: string[] | undefined): string =>
  wrong === undefined ? '' : `; own checks: ${wrong.length.toLocaleString('en')} FAILED`;
