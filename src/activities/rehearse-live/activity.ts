import { readRecord } from '../../kubernetes/records.ts';
import { pause } from '../../kubernetes/pause.ts';
import type { ActivityInput } from '../../domain/deeds.ts';
import { Failure } from '../../domain/failures.ts';
import type { LiveRehearsal } from '../../domain/live-rehearsal.ts';
import { besideName, jobName } from '../../domain/names.ts';
import type { Plan } from '../../domain/plan/plan.ts';
import type { Attempt, Dependencies } from '../dependencies.ts';
import { copyLive, liveCopyName } from '../rehearse/live-copy.ts';
import { removeAll, removeLeftovers } from '../rehearse/leftovers.ts';
import { remembered } from '../rehearse/remembered.ts';
import { RehearsalFailure, rehearseOn } from '../rehearse/rehearse-on.ts';

const lookEvery = 1_000;

/**
 * Wanted: what `rehearse` wants, of a database that is in use. It is dumped by a Job for which nobody waits, and
 * everything after that happens on copies. Writes no record; ends as soon as a rollback of this database has one.
 * Whatever it made is removed at the end, and what an earlier one left at the beginning.
 *
 * @returns `fails` where the downgrade fails on the copy, `yielded` where somebody else went first
 */
export async function rehearseLive(
  dependencies: Dependencies,
  { plan, try: tried }: ActivityInput<'rehearse-live'>,
  attempt: Attempt,
): Promise<LiveRehearsal> {
  const { operation, database } = plan;
  const holder = await holderOf(dependencies, plan);
  if (holder !== undefined) return { outcome: 'yielded', why: holder };
  const yields = new AbortController();
  const over = new AbortController();
  const watching = watch(dependencies, plan, AbortSignal.any([over.signal, attempt.signal]), yields);
  const inner = { ...attempt, signal: AbortSignal.any([attempt.signal, yields.signal]) };
  try {
    await removeLeftovers(dependencies, plan, inner);
    await copyLive(dependencies, plan, inner);
    const from = liveCopyName(plan);
    const stage = {
      plan,
      try: tried,
      job: jobName(operation, 'rehearse', tried),
      from,
      like: from,
      copy: besideName(database.name, 'rehearsal', operation),
      evidence: `${operation}/rehearsal-${tried}.json`,
    };
    const rehearsal = await remembered(dependencies, plan, () => rehearseOn(dependencies, stage, inner));
    const { copy: _, ...told } = rehearsal;
    return { outcome: 'works', rehearsal: told };
  } catch (error) {
    attempt.signal.throwIfAborted();
    if (yields.signal.aborted) return { outcome: 'yielded', why: String(yields.signal.reason) };
    if (error instanceof RehearsalFailure)
      return { outcome: 'fails', why: error.message, evidence: error.evidence };
    if (error instanceof Failure && error.type === 'RehearsalYielded')
      return { outcome: 'yielded', why: error.message };
    throw error;
  } finally {
    over.abort();
    await watching;
    // Where only this worker ends, another goes on, and begins by removing what there is.
    if (!attempt.signal.aborted || attempt.cancelRequested())
      await removeAll(dependencies, plan, { ...attempt, signal: new AbortController().signal });
  }
}

async function holderOf(dependencies: Dependencies, { database }: Plan): Promise<string | undefined> {
  const { record } = await readRecord(dependencies.cluster, dependencies.recordsNamespace, database);
  return record && `operation ${record.operation} (workflow ${record.workflowId}) holds ${database.name}`;
}

/** A rollback writes its record before it changes anything: from then on nothing of the rehearsal may be there. */
async function watch(
  dependencies: Dependencies,
  plan: Plan,
  until: AbortSignal,
  yields: AbortController,
): Promise<void> {
  while (!until.aborted) {
    const holder = await holderOf(dependencies, plan).catch(() => undefined);
    if (holder !== undefined) return yields.abort(holder);
    await pause(lookEvery, until).catch(() => undefined);
  }
}
