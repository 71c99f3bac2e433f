import { rehearseMigration, type RehearsedMigration } from '../../migrations/alembic/rehearse.ts';
import { readDeployment } from '../../kubernetes/deployments.ts';
import { watchLocks, type RelationLock } from '../../postgres/locks.ts';
import { adminUrl, jobSecret } from '../connections.ts';
import type { Attempt, Dependencies } from '../dependencies.ts';
import type { Copy } from './copy.ts';

/** Job and pod end before their deadline tells them to. */
const spareSeconds = 60;

/** Runs the Job of the real downgrade on the copy, and looks from outside which locks it holds. */
export async function migrateCopy(
  dependencies: Dependencies,
  { plan, job, copy }: Copy,
  attempt: Attempt,
): Promise<RehearsedMigration & { locks: RelationLock[] }> {
  const { service, operation, migrationImage, from, target } = plan;
  const { migrations, namespace } = service;
  const deployment = await readDeployment(dependencies.cluster, namespace, migrations.workload);
  const wish = {
    name: job,
    operation,
    step: 'rehearse',
    service,
    template: deployment.spec?.template ?? {},
    container: migrations.container,
    image: migrationImage,
    databaseSecret: await jobSecret(dependencies, { operation, service, part: 'rehearse', database: copy }),
    deadlineSeconds: Math.ceil(migrations.timeout / 1_000) + spareSeconds,
  };
  attempt.progress({ doing: `moving the copy from ${from} to ${target}` });
  const watched = watchLocks(await adminUrl(dependencies, service), { database: copy, operation });
  try {
    const rehearsed = await rehearseMigration(
      dependencies.cluster,
      wish,
      { from, target, copy },
      {
        signal: attempt.signal,
        onLine: (line) => {
          const step = /Running downgrade .*/.exec(line)?.[0];
          if (step !== undefined) attempt.progress({ doing: `on the copy: ${step}` });
        },
      },
    );
    return { ...rehearsed, locks: await watched() };
  } finally {
    await watched();
  }
}
