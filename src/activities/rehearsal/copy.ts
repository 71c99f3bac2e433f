import { deleteJobWholly } from '../../kubernetes/job-removal.ts';
import { cloneDatabase, openClone } from '../../postgres/clones.ts';
import { quoted } from '../../postgres/connect.ts';
import { dropDatabase } from '../../postgres/databases.ts';
import type { OperationId } from '../../domain/names.ts';
import type { ActivityContext } from '../context.ts';

/** A scratch copy, and the Job that works on it. */
export interface Copy {
  job: string;
  /** What it is cloned from: the snapshot, or an open database on which nobody writes. */
  from: string;
  /** An open database with the same contents. */
  like: string;
  copy: string;
}

/**
 * Removes Job and copy, of this attempt or of one that died; the Job first, for it would go on.
 *
 * @param of.operation whose they are, where they are another one's
 */
export async function clear(
  context: ActivityContext,
  of: Pick<Copy, 'job' | 'copy'> & { operation?: OperationId },
): Promise<void> {
  const { operation = context.operation } = of;
  await deleteJobWholly(context.cluster, context.service.namespace, of.job, context.signal);
  await context.admin((admin) => dropDatabase(admin, of.copy, operation));
}

/** Makes the copy: with the settings of the database, open to the application's role and to nobody else. */
export async function make(context: ActivityContext, { from, like, copy }: Copy): Promise<void> {
  const { service, operation, signal } = context;
  const { database } = context.plan;
  context.progress({ doing: `cloning ${from} as ${copy}` });
  const { notes } = await cloneDatabase(await context.adminUrl(), {
    from,
    to: copy,
    operation,
    sourceStays: from === like ? 'open' : 'closed',
    within: service.snapshot.within,
    signal,
  });
  for (const note of notes) context.log.warn(note);
  await context.admin(async (admin) => {
    if (database.role !== database.owner)
      await admin.query(`GRANT CONNECT, TEMPORARY ON DATABASE ${quoted(copy)} TO ${quoted(database.role)}`);
    await openClone(admin, copy);
  });
}
