import { makeReadCopy } from '../../postgres/read-copy.ts';
import { Failure } from '../../domain/failures.ts';
import type { ActivityContext } from '../context.ts';
import { tooBig } from '../free-space.ts';
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
