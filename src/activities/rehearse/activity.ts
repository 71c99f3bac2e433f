import { CloneRefused } from '../../postgres/clones.ts';
import type { ActivityInput } from '../../domain/deeds.ts';
import { Failure } from '../../domain/failures.ts';
import { besideName, jobName, type OperationId } from '../../domain/names.ts';
import type { Plan } from '../../domain/plan/plan.ts';
import type { NotRehearsed, Rehearsal } from '../../domain/rehearsal.ts';
import { adminUrl } from '../connections.ts';
import { revisionNow } from '../downgrade/revision.ts';
import type { Attempt, Dependencies } from '../dependencies.ts';
import { remembered } from './remembered.ts';
import { clear, type Copy } from './copy.ts';
import { rehearseOn } from './rehearse-on.ts';
import { tooBig } from '../snapshot/budget.ts';

/**
 * Runbook, Pre-Rollback Checklist ("Test rollback in staging first"). Wanted: the downgrade has been done once, by
 * the same Job, image and revision, on a copy of this very database, and what it destroys is known. The copy is
 * cloned from the snapshot, or from the fenced database where there is none. An attempt that died leaves Job
 * and copy behind; they are removed first, and it begins again: what its sessions locked was seen by nobody.
 *
 * @throws Failure RehearsalFailed where the downgrade fails on the copy; the database is as before
 */
export async function rehearse(
  dependencies: Dependencies,
  { plan, try: tried, snapshot }: ActivityInput<'rehearse'>,
  attempt: Attempt,
): Promise<Rehearsal> {
  const { operation, database } = plan;
  const not = await forbidden(dependencies, plan);
  if (not !== undefined) return { rehearsed: false, ...not };
  const of = {
    plan,
    try: tried,
    job: jobName(operation, 'rehearse', tried),
    from: snapshot.made ? snapshot.database : database.fencedName,
    like: database.fencedName,
    copy: besideName(database.name, 'rehearsal', operation),
    evidence: `${operation}/rehearsal-${tried}.json`,
  };
  if (plan.takesUp !== undefined) await clearEarlier(dependencies, of, plan.takesUp.operation, attempt);
  try {
    return await remembered(dependencies, plan, () => rehearseOn(dependencies, of, attempt));
  } catch (error) {
    attempt.signal.throwIfAborted();
    const noCopy =
      error instanceof CloneRefused || (error instanceof Failure && error.type === 'DatabaseRightMissing');
    if (!noCopy) throw error;
    return { rehearsed: false, why: `no copy could be made: ${error.message}` };
  }
}

/** Of the operation that is taken up: its workflow ended before anybody could drop the copy. */
const clearEarlier = (
  dependencies: Dependencies,
  of: Copy,
  operation: OperationId,
  attempt: Attempt,
): Promise<void> =>
  clear(
    dependencies,
    {
      ...of,
      plan: { ...of.plan, operation },
      job: jobName(operation, 'rehearse', 1),
      copy: besideName(of.plan.database.name, 'rehearsal', operation),
    },
    attempt,
  );

async function forbidden(
  dependencies: Dependencies,
  plan: Plan,
): Promise<Omit<NotRehearsed, 'rehearsed'> | undefined> {
  const { service } = plan;
  const at = await revisionNow(dependencies, plan);
  if (at !== plan.from) {
    const why = `the database is at ${at} already, no more at ${plan.from}`;
    return { why, ...(at === plan.target && { there: true }) };
  }
  if (service.rehearsal.use === 'never') return { why: 'the definition says rehearsal.use: never' };
  const why = await tooBig(await adminUrl(dependencies, service), plan);
  return why === undefined ? undefined : { why };
}
