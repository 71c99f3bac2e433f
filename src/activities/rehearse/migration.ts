import type { RehearsedMigration } from '../../migrations/tool.ts';
import { readDeployment } from '../../kubernetes/deployments.ts';
import { watchLocks, type RelationLock } from '../../postgres/locks.ts';
import type { ActivityContext } from '../context.ts';
import type { Copy } from './copy.ts';

/** Job and pod end before their deadline tells them to. */
const spareSeconds = 60;

/** Runs the Job of the real downgrade on the copy, and looks from outside which locks it holds. */
export async function migrateCopy(
  context: ActivityContext,
  { job, copy }: Copy,
): Promise<RehearsedMigration & { locks: RelationLock[] }> {
  const { cluster, signal } = context;
  const { service, operation, migrationImage, from, target } = context.plan;
  const { migrations, namespace } = service;
  const deployment = await readDeployment(cluster, namespace, migrations.workload);
  const databaseJob = {
    name: job,
    operation,
    step: 'rehearse',
    template: deployment.spec?.template ?? {},
    container: migrations.container,
    image: migrationImage,
    databaseSecret: await context.jobSecret({ part: 'rehearse', database: copy }),
    deadlineSeconds: Math.ceil(migrations.timeout / 1_000) + spareSeconds,
  };
  context.progress({ doing: `moving the copy from ${from} to ${target}` });
  const watched = watchLocks(await context.adminUrl(), { database: copy, operation });
  try {
    const onMigration = (doing: string) => context.progress({ doing: `on the copy: ${doing}` });
    const watch = { signal, onMigration };
    const rehearsed = await context.tool.rehearse(cluster, databaseJob, { from, target, copy }, watch);
    return { ...rehearsed, locks: await watched() };
  } finally {
    await watched();
  }
}
