import type { Journal } from '../../domain/journal/journal.ts';
import type { Outcome } from '../../domain/journal/outcome.ts';
import type { ReportFiles } from '../../domain/journal/result.ts';
import type { Plan } from '../../domain/plan/plan.ts';
import { minutes, step } from '../../domain/step.ts';

export interface ReportInput {
  plan: Plan;
  hash: string;
  journal: Journal;
  outcome: Outcome;
  keepRecord: boolean;
}

/** Writes the files, removes the operation's Jobs and Secrets, and closes the record unless writes stay stopped. */
export const report = step<ReportInput, ReportFiles>()({
  name: 'report',
  title: 'Report',
  section: 'Post-Rollback',
  onFailure: 'report',
  decisions: [],
  // It never blocks the end.
  limits: { within: minutes(15) },
  summary: (found) => ({ summary: `${found.markdown}, ${found.json}` }),
});
