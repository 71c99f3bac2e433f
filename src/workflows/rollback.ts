import type { Plan } from '../domain/plan/plan.ts';
import { rollbackRequest } from '../domain/plan/request.ts';
import type { RollbackResult } from '../domain/journal/result.ts';
import { loses, nothingSalvaged } from '../domain/salvage.ts';
import { shownAtDowngrade, shownAtRestore, shownAtStart } from '../views/gate-rollback.ts';
import { accept } from './engine/accept.ts';
import { continueUnderServiceId, hasAnotherId } from './engine/redirect.ts';
import { StageExit, finished } from './engine/stage-exit.ts';
import type { StageEnd } from './engine/stage-exit.ts';
import { operate } from './engine/operate.ts';
import type { OperationContext } from './engine/operate.ts';
import type { WaysBack } from '../activities/downgrade/step.ts';
import { approvedAtDowngrade } from '../activities/downgrade/step.ts';

/**
 * Rolls a bad database migration back, in the order of the runbook. The input is validated here: bad input
 * ends the workflow at once, with every fault named.
 */
export async function rollback(input: unknown): Promise<RollbackResult> {
  const request = accept(input, rollbackRequest);
  if (hasAnotherId(request)) return continueUnderServiceId('rollback', request);
  return operate({ kind: 'rollback', request }, inOrder);
}

async function inOrder(context: OperationContext): Promise<StageEnd> {
  const { operation, assess, gate, step, undoBy, writes, backUps, reversible, irreversible } = context;

  const assessed = await assess();
  if (assessed.kind === 'nothing-to-do') return finished('nothing-to-do', assessed.reason);
  const { plan, observations } = assessed;
  const first = observations.diagnosis?.estimated;

  // Taken up after its pivot, putting back would start the newer release on a database that may have moved.
  const untilThePivot = plan.takesUp?.pivotPassed ? irreversible : reversible;
  const { waysBack, approved } = await untilThePivot(async () => {
    await gate('start', plan, shownAtStart(plan, observations));
    undoBy('put-back', () => ({ plan, ...operation.howFar }));
    const stopped = await writes.stop(plan);
    const snapshot = await step('snapshot', { plan });
    if (snapshot.made) backUps.duringRehearsal(plan, snapshot);
    else await backUps.by('downgrade', plan, snapshot);
    const rehearsal = await step('rehearse', { plan, snapshot });
    const keep = { plan, rehearsal, ...(!rehearsal.rehearsed && first && { first }) };
    const salvage = (await step('salvage', keep)) ?? nothingSalvaged(rehearsal);
    backUps.duringTheRest(plan, snapshot);
    const backup = await backUps.by('downgrade', plan, snapshot);
    const waysBack: WaysBack = { stopped, snapshot, ...(backup && { backup }), rehearsal, salvage };
    const approved = await gate(
      'downgrade',
      approvedAtDowngrade(plan, waysBack),
      shownAtDowngrade(plan, waysBack, observations.diagnosis),
      loses(salvage),
    );
    writes.mustBeGuarded();
    return { waysBack, approved };
  });

  const { stopped, snapshot, rehearsal } = waysBack;
  return irreversible(
    async () => {
      await step('downgrade', { plan, waysBack, approved }); // the pivot
      await step('verify', { plan, stopped, rehearsal });
      await step('roll-back-app', { plan });
      await backUps.by('resume', plan, snapshot);
      await writes.start(plan);
      for (const { name } of plan.cronJobs) await step('resume-cron-jobs', { plan, cronJob: name });
      await backUps.by('end', plan, snapshot);
      return finished('rolled-back', `The database is at ${plan.target}, and the application runs.`);
    },
    (reason) => restored(context, plan, waysBack, reason),
  );
}

/** Runbook, Emergency Database Restore; afterwards the database is at the bad revision again. */
async function restored(
  { operation, ask, step, writes, backUps, undo }: OperationContext,
  plan: Plan,
  { snapshot }: WaysBack,
  reason: string,
): Promise<StageEnd> {
  await writes.ensureStopped(plan);
  await backUps.end();
  const backup = backUps.made;
  const found = await step('restore', { plan, snapshot, ...(backup && { backup }) });
  // A snapshot is used up by restoring from it: before writes resume, another way back is proved.
  await backUps.proved(plan, snapshot);
  const newer = operation.hadStarted
    ? await step('data-diff', {
        plan,
        restored: { database: plan.database.fencedName },
        now: found.failedDatabase,
      })
    : undefined;
  const verdict = await ask(
    'restore',
    { plan, restored: found, ...(newer && { newer: newer.evidence.sha256 }) },
    shownAtRestore(plan, found, newer),
    newer?.loses,
  );
  const why = `${reason} The database is restored, at ${found.revision}. ${verdict.reason}`;
  if (verdict.answer === 'approve') return undo(why, 'restored', 'person');
  throw new StageExit({ answer: { gate: 'restore', answer: verdict.answer }, reason: why });
}
