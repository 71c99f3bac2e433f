import type { RehearsedMigration } from '../../migrations/tool.ts';
import { watchLocks, type RelationLock } from '../../postgres/locks.ts';
import type { ActivityContext } from '../context.ts';
import { migrationJob } from '../migration.ts';
import type { Copy } from './copy.ts';

/** Runs the Job of the real downgrade on the copy, and looks from outside which locks it holds. */
export async function migrateCopy(
  context: ActivityContext,
  { job: name, copy }: Pick<Copy, 'job' | 'copy'>,
): Promise<RehearsedMigration & { locks: RelationLock[] }> {
  const { cluster, operation, signal } = context;
  const { from, target } = context.plan;
  const job = await migrationJob(context, { name, step: 'rehearse', part: 'rehearse', database: copy });
  context.progress({ doing: `moving the copy from ${from} to ${target}` });
  const watched = watchLocks(await context.adminUrl(), { database: copy, operation });
  try {
    const onMigration = (doing: string) => context.progress({ doing: `on the copy: ${doing}` });
    const watch = { signal, onMigration };
    const rehearsed = await context.tool.rehearse(cluster, job, { from, target, copy }, watch);
    return { ...rehearsed, locks: await watched() };
  } finally {
    await watched();
  }
}
