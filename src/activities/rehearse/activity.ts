import { CloneRefused } from '../../postgres/clones.ts';
import { Failure } from '../../domain/failures.ts';
import { siblingName, jobName, type OperationId } from '../../domain/names.ts';
import type { NotRehearsed, Rehearsal } from '../../domain/rehearsal.ts';
import type { StepInput } from '../activity-function.ts';
import type { ActivityContext } from '../context.ts';
import { revisionNow } from '../migration.ts';
import { remembered } from '../rehearsal/remembered.ts';
import { clear } from '../rehearsal/copy.ts';
import { rehearseOn } from '../rehearsal/rehearse-on.ts';
import { tooBig } from '../free-space.ts';

/**
 * Runbook, Pre-Rollback Checklist ("Test rollback in staging first"). Wanted: the downgrade has been done once, by
 * the same Job, image and revision, on a copy of this very database, and what it destroys is known. The copy is
 * cloned from the snapshot, or from the fenced database where there is none. An attempt that died leaves Job
 * and copy behind; they are removed first, and it begins again: what its sessions locked was seen by nobody.
 *
 * @throws Failure RehearsalFailed where the downgrade fails on the copy; the database is as before
 */
export async function rehearse(
  context: ActivityContext,
  { snapshot }: StepInput<'rehearse'>,
): Promise<Rehearsal> {
  const { operation, plan } = context;
  const { database } = plan;
  const not = await forbidden(context);
  if (not !== undefined) return { rehearsed: false, ...not };
  const of = {
    job: jobName(operation, 'rehearse', context.try),
    from: snapshot.made ? snapshot.database : database.fencedName,
    like: database.fencedName,
    copy: siblingName(database.name, 'rehearsal', operation),
    evidence: `${operation}/rehearsal-${context.try}.json`,
  };
  if (plan.takesUp !== undefined) await clearEarlier(context, plan.takesUp.operation);
  try {
    return await remembered(context, () => rehearseOn(context, of));
  } catch (error) {
    context.signal.throwIfAborted();
    const noCopy =
      error instanceof CloneRefused || (error instanceof Failure && error.type === 'DatabaseRightMissing');
    if (!noCopy) throw error;
    return { rehearsed: false, why: `no copy could be made: ${error.message}` };
  }
}

/** Of the operation that is taken up: its workflow ended before anybody could drop the copy. */
const clearEarlier = (context: ActivityContext, operation: OperationId): Promise<void> =>
  clear(context, {
    operation,
    job: jobName(operation, 'rehearse', 1),
    copy: siblingName(context.plan.database.name, 'rehearsal', operation),
  });

async function forbidden(context: ActivityContext): Promise<Omit<NotRehearsed, 'rehearsed'> | undefined> {
  const { plan, service } = context;
  const at = await revisionNow(context);
  if (at !== plan.from) {
    const why = `the database is at ${at} already, no more at ${plan.from}`;
    return { why, ...(at === plan.target && { there: true }) };
  }
  if (service.rehearsal.use === 'never') return { why: 'the definition says rehearsal.use: never' };
  const why = await tooBig(context, plan.database.fencedName);
  return why === undefined ? undefined : { why };
}
