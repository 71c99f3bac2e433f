import { poll } from '../../kubernetes/pause.ts';
import { scale } from '../../kubernetes/deployments.ts';
import { endPods, runningPods } from '../../kubernetes/writers.ts';
import { makeReadCopy } from '../../postgres/read-copy.ts';
import { Failure } from '../../domain/failures.ts';
import type { ActivityContext } from '../context.ts';
import { tooBig } from '../snapshot/budget.ts';
import { readersOf } from '../writers.ts';

/**
 * Runbook, Step 1: "or enable read-only mode". Workloads that are not scaled to 0 find a copy under the name of
 * the database, from which they read and to which nobody can write: they need no other setting, and whatever
 * else knows the name is held off by the copy as it was by the missing name. Without it they only fail, as they do
 * until it is there; so a copy that cannot be made does not keep writes from being stopped.
 *
 * @returns in words, whether reads are served; undefined where nobody reads
 */
export async function serveReads(context: ActivityContext): Promise<string | undefined> {
  const { plan, service, operation, signal } = context;
  const readers = readersOf(plan);
  if (readers.length === 0) return undefined;
  const who = readers.join(', ');
  context.progress({ doing: `copies the database, for ${who} to read from` });
  const { name, fencedName, role } = plan.database;
  const big = await tooBig(context, fencedName);
  if (big !== undefined) return `${who} cannot read meanwhile: ${big}`;
  try {
    await makeReadCopy(await context.adminUrl(), {
      name,
      fencedName,
      operation,
      role,
      within: service.snapshot.within,
      signal,
    });
    return `${who} read from a copy, to which nobody can write`;
  } catch (error) {
    if (!(error instanceof Failure) || signal.aborted) throw error;
    context.log.warn(`no copy to read from: ${error.message}`);
    return `${who} cannot read meanwhile: ${error.message}`;
  }
}

/**
 * Ends what reads, before the database gets its name back: of a rolling update that has stalled on the copy, pods of
 * the bad release would be left, and write (law 3).
 */
export async function endReaders(context: ActivityContext): Promise<void> {
  const { cluster, plan, signal } = context;
  const deployments = readersOf(plan);
  if (deployments.length === 0) return;
  const { namespace, writes } = plan.service;
  for (const name of deployments) await scale(cluster, namespace, name, 0);
  const began = Date.now();
  const gone = await poll({ every: 300, within: writes.gracePeriod + 30_000, signal }, async () => {
    const pods = await runningPods(cluster, { namespace, deployments, cronJobs: [] });
    context.progress({
      doing: `waits for pods of ${deployments.join(', ')} to end`,
      done: pods.length,
      unit: 'pods',
    });
    if (Date.now() - began > writes.gracePeriod) await endPods(cluster, pods, 0);
    return pods.length === 0 ? true : undefined;
  });
  if (gone !== true)
    throw new Failure('NotReady', `Pods of ${deployments.join(', ')} do not end: they would write again.`);
}
