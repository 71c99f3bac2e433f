import { pause } from '../../kubernetes/pause.ts';
import { Failure } from '../../domain/failures.ts';
import type { LiveRehearsal } from '../../domain/live-rehearsal.ts';
import { siblingName, jobName } from '../../domain/names.ts';
import type { ActivityContext } from '../context.ts';
import { copyLive, liveCopyName } from './live-copy.ts';
import { removeAll, removeLeftovers } from '../rehearsal/leftovers.ts';
import { remembered } from '../rehearsal/remembered.ts';
import { RehearsalFailure, rehearseOn } from '../rehearsal/rehearse-on.ts';

const lookEvery = 1_000;

/**
 * Wanted: what `rehearse` wants, of a database that is in use. It is dumped by a Job for which nobody waits, and
 * everything after that happens on copies. Writes no record; ends as soon as a rollback of this database has one.
 * Whatever it made is removed at the end, and what an earlier one left at the beginning.
 *
 * @returns `fails` where the downgrade fails on the copy, `yielded` where somebody else went first
 */
export async function rehearseLive(context: ActivityContext): Promise<LiveRehearsal> {
  const { operation, plan, signal } = context;
  const holder = await holderOf(context);
  if (holder !== undefined) return { outcome: 'yielded', why: holder };
  const yields = new AbortController();
  const over = new AbortController();
  const watching = watch(context, AbortSignal.any([over.signal, signal]), yields);
  const inner = context.withSignal(AbortSignal.any([signal, yields.signal]));
  try {
    await removeLeftovers(inner);
    await copyLive(inner);
    const from = liveCopyName(plan);
    const stage = {
      job: jobName(operation, 'rehearse', context.try),
      from,
      like: from,
      copy: siblingName(plan.database.name, 'rehearsal', operation),
      evidence: `${operation}/rehearsal-${context.try}.json`,
    };
    const rehearsal = await remembered(context, () => rehearseOn(inner, stage));
    const { copy: _, ...told } = rehearsal;
    return { outcome: 'works', rehearsal: told };
  } catch (error) {
    signal.throwIfAborted();
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
    if (!signal.aborted || context.cancelRequested()) await removeAll(context.nonCancellable());
  }
}

async function holderOf({ plan, record: access }: ActivityContext): Promise<string | undefined> {
  const record = await access.find();
  return (
    record && `operation ${record.operation} (workflow ${record.workflowId}) holds ${plan.database.name}`
  );
}

/** A rollback writes its record before it changes anything: from then on nothing of the rehearsal may be there. */
async function watch(context: ActivityContext, until: AbortSignal, yields: AbortController): Promise<void> {
  while (!until.aborted) {
    const holder = await holderOf(context).catch(() => undefined);
    if (holder !== undefined) return yields.abort(holder);
    await pause(lookEvery, until).catch(() => undefined);
  }
}
