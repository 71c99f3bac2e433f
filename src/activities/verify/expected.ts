import { build } from '../../migrations/alembic/migrate.ts';
import { base } from '../../migrations/alembic/target.ts';
import { readDeployment } from '../../kubernetes/deployments.ts';
import { deleteJobWholly } from '../../kubernetes/job-removal.ts';
import { catalog, type Catalog } from '../../postgres/catalog.ts';
import { withClient } from '../../postgres/connect.ts';
import { createDatabase, dropDatabase, extensionsOf } from '../../postgres/databases.ts';
import { Failure, type FailureType } from '../../domain/failures.ts';
import type { Tried } from '../../domain/deeds.ts';
import { besideName, jobName } from '../../domain/names.ts';
import { adminUrl, applicationUrl, extensionAdminUrl, jobSecret, type SecretPart } from '../connections.ts';
import type { Attempt, Dependencies } from '../dependencies.ts';

/** Why a scratch database could not be built: the migrations', not the world's. */
const unbuildable: FailureType[] = [
  'AlembicBroken',
  'AlembicMissing',
  'DatabaseInvalid',
  'DatabaseRightMissing',
  'DowngradeFailed',
  'DowngradeUnclear',
  'JobFailed',
];

export interface Builder extends Tried {
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
  dependencies: Dependencies,
  { plan, try: tried, step, like }: Builder,
  which: 'target' | 'from',
  attempt: Attempt,
): Promise<Catalog | { notBuilt: string }> {
  const { operation, service, database } = plan;
  const revision = plan[which];
  const scratch = besideName(
    which === 'from' ? `before_${database.name}` : database.name,
    'scratch',
    operation,
  );
  const job = jobName(operation, step, tried, which === 'from' ? 'before' : 'target');
  const part = which === 'from' ? (`${step}-before` as const) : step === 'verify' ? step : 'rehearse-target';
  const admin = await adminUrl(dependencies, service);
  // The Job first: one that an earlier attempt left would go on building.
  const clear = async () => {
    await deleteJobWholly(dependencies.cluster, service.namespace, job, attempt.signal);
    await withClient(admin, { operation }, (client) => dropDatabase(client, scratch, operation));
  };
  attempt.progress({ doing: `building the schema at ${revision} in an empty database` });
  await clear();
  try {
    await createScratch(dependencies, plan, { scratch, admin, like });
    if (revision !== base) await buildIn(dependencies, plan, { scratch, job, part, revision, step }, attempt);
    const url = await applicationUrl(dependencies, service, scratch);
    return await withClient(url, { operation }, catalog);
  } catch (error) {
    attempt.signal.throwIfAborted();
    if (error instanceof Failure && unbuildable.includes(error.type)) return { notBuilt: error.message };
    throw error;
  } finally {
    if (!attempt.signal.aborted) await clear();
  }
}

async function createScratch(
  dependencies: Dependencies,
  { service, operation }: Tried['plan'],
  { scratch, admin, like }: { scratch: string; admin: string; like: string },
): Promise<void> {
  const real = await applicationUrl(dependencies, service, like);
  const there = await withClient(real, { operation }, extensionsOf);
  const missing = service.database.extensions.filter((wanted) => there.every(({ name }) => name !== wanted));
  const other = await extensionAdminUrl(dependencies, service);
  await withClient(admin, { operation }, (client) =>
    createDatabase(client, {
      name: scratch,
      like,
      extensions: [...there, ...missing.map((name) => ({ name }))],
      adminUrl: admin,
      extensionAdminUrl: other,
      operation,
    }),
  );
}

async function buildIn(
  dependencies: Dependencies,
  plan: Tried['plan'],
  of: { scratch: string; job: string; part: SecretPart; revision: string; step: Builder['step'] },
  attempt: Attempt,
): Promise<void> {
  const { scratch, job, part, revision, step } = of;
  const { service, operation, migrationImage } = plan;
  const { migrations, namespace } = service;
  const deployment = await readDeployment(dependencies.cluster, namespace, migrations.workload);
  const databaseSecret = await jobSecret(dependencies, { operation, service, part, database: scratch });
  const wish = {
    name: job,
    operation,
    step,
    service,
    template: deployment.spec?.template ?? {},
    container: migrations.container,
    image: migrationImage,
    databaseSecret,
    deadlineSeconds: Math.ceil(migrations.timeout / 1_000),
  };
  await build(dependencies.cluster, wish, revision, { signal: attempt.signal });
}
