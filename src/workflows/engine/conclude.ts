import { reportOf } from '../../views/report/report.ts';
import type { Finished, ReportFiles } from '../../domain/journal/result.ts';
import { runStep } from './run-step.ts';
import type { StageEnd } from './stage-exit.ts';
import type { Operation } from './operation.ts';
import type { Notifier } from './notify.ts';
import { countsOf } from '../../views/progress.ts';

/** Writes the report. It never blocks the end: what could not be written is said instead. */
async function report(
  operation: Operation,
  { outcome, keepRecord }: StageEnd,
): Promise<ReportFiles | undefined> {
  const { plan, hash } = operation;
  if (plan === undefined || hash === undefined) return undefined;
  const journal = [...operation.journal];
  return runStep(operation, 'report', { plan, hash, journal, outcome, keepRecord }).catch(() => undefined);
}

/** Ends the rollback: its last entry, its report, its answer. */
export async function conclude(
  operation: Operation,
  notifier: Notifier,
  ending: StageEnd,
): Promise<Finished> {
  const { outcome, reason, leftBy } = ending;
  operation.note({ kind: 'ended', outcome, reason, ...(leftBy && { leftBy }) });
  // Before the report, so that it names whom nobody could tell.
  await notifier.end();
  const files = await report(operation, ending);
  const { plan, journal, subject } = operation;
  const { attention, notVerified, revision } = reportOf(journal, subject);
  const unreported = plan !== undefined && files === undefined;
  return {
    kind: operation.requested.kind,
    outcome,
    reason: unreported ? `${reason} The report could not be written.` : reason,
    ...(leftBy && { leftBy }),
    situation: operation.situation,
    operation: operation.id,
    ...(revision && { from: revision.before }),
    ...(revision?.after !== undefined && { to: revision.after }),
    counts: countsOf(journal),
    ...(files && { report: files }),
    attention,
    notVerified,
  };
}
