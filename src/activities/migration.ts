import type { DatabaseJob } from '../migrations/tool.ts';
import { revisionOf } from '../migrations/version-table.ts';
import { readDeployment } from '../kubernetes/deployments.ts';
import type { ActivityContext } from './context.ts';
import type { MigrationPart } from './jobs.ts';

/** The revision by SQL, not by what a Job says: `base`, one, or several joined by a comma. */
export const revisionNow = ({ plan, tool, database }: ActivityContext): Promise<string> =>
  database(plan.database.fencedName, (client) => revisionOf(client, tool));

/** A Job of the migration tool. */
export interface MigrationJobOf {
  name: string;
  step: 'rehearse' | 'downgrade' | 'verify';
  /** Tells its Secret apart. */
  part: MigrationPart;
  /** Database that it moves: the one that is fenced off, or one beside it. */
  database: string;
}

/** Seconds by which Job and pod outlive the time that migrations may take: the tool ends before. */
const spareSeconds = 60;

/**
 * Describes a Job in the application's own image, which moves one database by the service's migrations, and makes its
 * Secret (runbook, Step 4).
 *
 * @throws Failure WorkloadMissing, SecretMissing, KubernetesRightMissing
 */
export async function migrationJob(
  { cluster, plan, jobSecret }: ActivityContext,
  { name, step, part, database }: MigrationJobOf,
): Promise<DatabaseJob> {
  const { service, operation, migrationImage } = plan;
  const { migrations, namespace } = service;
  const deployment = await readDeployment(cluster, namespace, migrations.workload);
  return {
    name,
    operation,
    step,
    template: deployment.spec?.template ?? {},
    container: migrations.container,
    image: migrationImage,
    databaseSecret: await jobSecret({ part, database }),
    deadlineSeconds: Math.ceil(migrations.timeout / 1_000) + spareSeconds,
  };
}
