import { base } from '../domain/plan/revision.ts';
import { deleteJobWholly } from '../kubernetes/job-removal.ts';
import { catalog, type Catalog } from '../postgres/catalog.ts';
import { createDatabase, dropDatabase, extensionsOf } from '../postgres/databases.ts';
import { Failure, type FailureType } from '../domain/failures.ts';
import { siblingName, jobName } from '../domain/names.ts';
import type { ActivityContext } from './context.ts';
import { migrationJob } from './migration.ts';

/** Why a scratch database could not be built: the migrations', not the world's. */
const unbuildable: FailureType[] = [
  'MigrationsBroken',
  'MigrationToolMissing',
  'DatabaseInvalid',
  'DatabaseRightMissing',
  'DowngradeFailed',
  'DowngradeUnclear',
  'JobFailed',
];

export interface Builder {
  step: 'rehearse' | 'verify';
  /** A database whose owner, locale and extensions the empty one gets. */
  like: string;
}

/**
 * The schema as the same migrations make it at the target, or at the revision before the rollback: built in an
 * empty scratch database beside the real one, read, and dropped again.
 *
 * @returns the reason, where the migrations cannot build it (they need data, or rights that are not there)
 */
export async function schemaAt(
  context: ActivityContext,
  { step, like }: Builder,
  which: 'target' | 'from',
): Promise<Catalog | { notBuilt: string }> {
  const { cluster, operation, plan, signal } = context;
  const { service, database } = plan;
  const revision = plan[which];
  const scratch = siblingName(
    which === 'from' ? `before_${database.name}` : database.name,
    'scratch',
    operation,
  );
  const job = jobName(operation, step, context.try, which === 'from' ? 'before' : 'target');
  const part = which === 'from' ? (`${step}-before` as const) : step === 'verify' ? step : 'rehearse-target';
  // The Job first: one that an earlier attempt left would go on building.
  const clear = async () => {
    await deleteJobWholly(cluster, service.namespace, job, signal);
    await context.admin((admin) => dropDatabase(admin, scratch, operation));
  };
  context.progress({ doing: `building the schema at ${revision} in an empty database` });
  await clear();
  try {
    await createScratch(context, scratch, like);
    if (revision !== base) {
      const build = await migrationJob(context, { name: job, step, part, database: scratch });
      await context.tool.build(cluster, build, revision, { signal });
    }
    return await context.database(scratch, catalog);
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof Failure && unbuildable.includes(error.type)) return { notBuilt: error.message };
    throw error;
  } finally {
    if (!signal.aborted) await clear();
  }
}

async function createScratch(context: ActivityContext, scratch: string, like: string): Promise<void> {
  const { service, operation } = context;
  const there = await context.database(like, extensionsOf);
  const missing = service.database.extensions.filter((wanted) => there.every(({ name }) => name !== wanted));
  const [adminUrl, extensionAdminUrl] = [await context.adminUrl(), await context.extensionAdminUrl()];
  await context.admin((admin) =>
    createDatabase(admin, {
      name: scratch,
      like,
      extensions: [...there, ...missing.map((name) => ({ name }))],
      adminUrl,
      extensionAdminUrl,
      operation,
    }),
  );
}
