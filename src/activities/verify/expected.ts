import { build } from '../../alembic/migrate.ts';
import { base } from '../../alembic/target.ts';
import { find } from '../../kubernetes/answer.ts';
import { deleteJob } from '../../kubernetes/job-removal.ts';
import { readDeployment } from '../../kubernetes/deployments.ts';
import { poll } from '../../kubernetes/pause.ts';
import { catalog, type Catalog } from '../../postgres/catalog.ts';
import { withClient } from '../../postgres/connect.ts';
import { createDatabase, dropDatabase, extensionsOf } from '../../postgres/databases.ts';
import { Failure, type FailureType } from '../../runbook/failures.ts';
import type { Tried } from '../../runbook/deeds.ts';
import { besideName, jobName } from '../../runbook/names.ts';
import { adminUrl, applicationUrl, extensionAdminUrl, jobSecret, type SecretPart } from '../connections.ts';
import type { Attempt, Means } from '../means.ts';

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

const jobGoneWithin = 60_000;

/**
 * The schema as the same migrations make it at the target, or at the revision before the rollback: built in an
 * empty scratch database beside the real one, read, and dropped again.
 *
 * @returns the reason, where the migrations cannot build it (they need data, or rights that are not there)
 */
export async function schemaAt(
  means: Means,
  { plan, try: tried }: Tried,
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
  const job = jobName(operation, 'verify', tried, which === 'from' ? 'before' : undefined);
  const part = which === 'from' ? 'verify-before' : 'verify';
  const admin = await adminUrl(means, service);
  // The Job first: one that an earlier attempt left would go on building.
  const clear = async () => {
    await deleteJob(means.cluster, service.namespace, job, 'Foreground');
    await jobGone(means, service.namespace, job, attempt);
    await withClient(admin, { operation }, (client) => dropDatabase(client, scratch, operation));
  };
  attempt.progress({ doing: `building the schema at ${revision} in an empty database` });
  await clear();
  try {
    await createScratch(means, plan, { scratch, admin });
    if (revision !== base) await buildIn(means, plan, { scratch, job, part, revision }, attempt);
    const url = await applicationUrl(means, service, scratch);
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
  means: Means,
  { service, operation, database }: Tried['plan'],
  { scratch, admin }: { scratch: string; admin: string },
): Promise<void> {
  const real = await applicationUrl(means, service, database.aside);
  const there = await withClient(real, { operation }, extensionsOf);
  const missing = service.database.extensions.filter((wanted) => there.every(({ name }) => name !== wanted));
  const other = await extensionAdminUrl(means, service);
  await withClient(admin, { operation }, (client) =>
    createDatabase(client, {
      name: scratch,
      like: database.aside,
      extensions: [...there, ...missing.map((name) => ({ name }))],
      adminUrl: admin,
      extensionAdminUrl: other,
      operation,
    }),
  );
}

async function buildIn(
  means: Means,
  plan: Tried['plan'],
  { scratch, job, part, revision }: { scratch: string; job: string; part: SecretPart; revision: string },
  attempt: Attempt,
): Promise<void> {
  const { service, operation, migrationImage } = plan;
  const { migrations, namespace } = service;
  const deployment = await readDeployment(means.cluster, namespace, migrations.workload);
  const databaseSecret = await jobSecret(means, { operation, service, part, database: scratch });
  const wish = {
    name: job,
    operation,
    step: 'verify',
    service,
    template: deployment.spec?.template ?? {},
    container: migrations.container,
    image: migrationImage,
    databaseSecret,
    deadlineSeconds: Math.ceil(migrations.timeout / 1_000),
  };
  await build(means.cluster, wish, revision, { signal: attempt.signal });
}

async function jobGone(
  { cluster }: Means,
  namespace: string,
  name: string,
  { signal }: Attempt,
): Promise<void> {
  const gone = await poll({ every: 300, within: jobGoneWithin, signal }, async () =>
    (await find(`read Job ${namespace}/${name}`, cluster.batch.readNamespacedJob({ namespace, name }))) ===
    undefined
      ? true
      : undefined,
  );
  if (gone === undefined)
    throw new Failure('JobNotStarted', `Job ${namespace}/${name} of an earlier attempt does not end.`);
}
