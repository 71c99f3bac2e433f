import { approvedAtDowngrade } from '../runbook/approved.ts';
import type { Plan } from '../runbook/plan.ts';
import type { RollbackResult } from '../runbook/result.ts';
import { shownAtDowngrade, shownAtRestore, shownAtStart } from '../runbook/shown.ts';
import { accept } from './accept.ts';
import { continueUnderOwnId, isElsewhere } from './elsewhere.ts';
import type { Ending } from './leave.ts';
import { operate } from './operate.ts';
import type { Words } from './operate.ts';

/**
 * Rolls a bad database migration back, in the order of the runbook. The input is validated here: bad input
 * ends the workflow at once, with every fault named.
 */
export async function rollback(input: unknown): Promise<RollbackResult> {
  const request = accept(input);
  if (isElsewhere(request)) return continueUnderOwnId(request);
  return operate(request, inOrder);
}

async function inOrder(words: Words): Promise<Ending> {
  const { assess, gate, step, undoBy, writes, keeper, reversible, irreversible } = words;

  const assessed = await assess();
  if (assessed.kind === 'nothing-to-do') return end('nothing-to-do', assessed.reason);
  const { plan, observations } = assessed;

  // Taken up after its pivot, putting back would start the newer release on a database that may have moved.
  const untilThePivot = plan.takesUp?.pivotPassed ? irreversible : reversible;
  const waysBack = await untilThePivot(async () => {
    await gate('start', plan, shownAtStart(plan, observations));
    undoBy('put-back', { plan });
    const stopped = await writes.stop(plan);
    const backup = await step('back-up', { plan });
    const findings = approvedAtDowngrade(plan, backup, stopped.counts);
    const approved = await gate('downgrade', findings, shownAtDowngrade(plan, stopped, backup));
    keeper.mustStand();
    return { stopped, backup, approved };
  });

  return irreversible(
    async () => {
      const { stopped, backup, approved } = waysBack;
      await step('downgrade', { plan, backup, approved }); // the pivot
      await step('verify', { plan, stopped });
      await step('roll-back-app', { plan });
      await writes.start(plan);
      for (const { name } of plan.cronJobs) await step('resume-cron-jobs', { plan, cronJob: name });
      return end('rolled-back', `The database is at ${plan.target}, and the application runs.`);
    },
    (reason) => restored(words, plan, waysBack, reason),
  );
}

/** Runbook, Emergency Database Restore; afterwards the database is at the bad revision again. */
async function restored(
  { ask, step, writes, compensations }: Words,
  plan: Plan,
  { backup }: { backup: Parameters<typeof shownAtDowngrade>[2] },
  reason: string,
): Promise<Ending> {
  await writes.ensureStopped(plan);
  const found = await step('restore', { plan, backup });
  const verdict = await ask('restore', { plan, restored: found }, shownAtRestore(plan, found));
  if (verdict.passed) return compensations.run(`${reason} ${verdict.reason}`, 'restored');
  return { ...end('restored', `${reason} ${verdict.reason} Writes stay stopped.`), keepRecord: true };
}

const end = (outcome: Ending['outcome'], reason: string): Ending => ({ outcome, reason, keepRecord: false });
