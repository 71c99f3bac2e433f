import { migrate } from '../alembic/migrate.ts';
import { base } from '../alembic/target.ts';
import { find } from '../kubernetes/answer.ts';
import { readDeployment } from '../kubernetes/deployments.ts';
import { poll } from '../kubernetes/pause.ts';
import { readRecord, update } from '../kubernetes/records.ts';
import { applicationName, withClient } from '../postgres/connect.ts';
import { revisions } from '../postgres/revision.ts';
import { state } from '../postgres/barrier.ts';
import { approvedAtDowngrade } from '../runbook/approved.ts';
import type { DeedInput, DeedOutput } from '../runbook/deeds.ts';
import { Failure } from '../runbook/failures.ts';
import { shortHash } from '../runbook/hash.ts';
import { jobName } from '../runbook/names.ts';
import type { Plan } from '../runbook/plan.ts';
import type { OperationRecord } from '../runbook/record.ts';
import { isYounger } from './back-up.ts';
import { adminUrl, applicationUrl, jobSecret } from './connections.ts';
import { keepCatalog } from './downgrade/before.ts';
import type { Attempt, Means } from './means.ts';

type Input = DeedInput<'downgrade'>;
type Answer = DeedOutput<'downgrade'>;

/** Job and pod end before their deadline tells them to. */
const spareSeconds = 60;
const sessionsGoneWithin = 15_000;

/**
 * Runbook, Step 4: the pivot. Wanted: the database is at the plan's explicit target. One Job in the newer
 * image moves it, once, under a lock; an earlier attempt's Job is joined, never started a second time. Known
 * by looking: whatever the Job said, the revision is read again.
 *
 * @throws Failure NotApproved, WritesCameBack, BackupNotProved, OperationLost and WritesNotStopped before
 *   anything moves; DowngradeFailed where the database is still where it was, DowngradeUnclear elsewhere
 */
export async function downgrade(means: Means, input: Input, attempt: Attempt): Promise<Answer> {
  const { plan } = input;
  const job = jobName(plan.operation, 'downgrade', input.try);
  const record = await proven(means, input);
  await barrierStands(means, plan);

  attempt.progress({ doing: 'reading the revision' });
  const joins = record.pivotAt !== undefined && (await exists(means, plan, job));
  if (!joins) {
    const at = await revisionNow(means, plan);
    if (at === plan.target) return { from: plan.from, to: plan.target, moved: false, seconds: 0, job };
    if (at !== plan.from) throw unclear(plan, at, 'Nothing was moved by this attempt.');
    nobodyWrote(input, record);
    await keepCatalog(means, plan);
    await update(means.cluster, means.recordsNamespace, plan.database, plan.operation, (found) =>
      found.pivotAt === undefined ? { ...found, pivotAt: new Date().toISOString() } : found,
    );
  }
  attempt.progress({ doing: `moving from ${plan.from} to ${plan.target}` });
  try {
    const { moved, seconds } = await move(means, plan, job, attempt);
    const at = await revisionNow(means, plan);
    if (at !== plan.target) throw unclear(plan, at, `Job ${job} said that it had moved.`);
    return { from: plan.from, to: plan.target, moved, seconds, job };
  } catch (error) {
    attempt.signal.throwIfAborted();
    if (!(error instanceof Failure) || error.type === 'DowngradeUnclear') throw error;
    return afterFailure(means, plan, job, error, attempt);
  }
}

/** Law 1 and law 5: a proven way back of this very database, and an approval of this very plan. */
async function proven(means: Means, { plan, backup, approved }: Input): Promise<OperationRecord> {
  const { record } = await readRecord(means.cluster, means.recordsNamespace, plan.database);
  if (record?.operation !== plan.operation) {
    throw new Failure(
      'OperationLost',
      `The record of ${plan.database.name} is not of ${plan.operation} any more.`,
    );
  }
  const { frozen } = record;
  if (frozen === undefined || record.backup?.sha256 !== backup.sha256) {
    throw new Failure(
      'BackupNotProved',
      `The record of ${plan.operation} does not hold the backup ${backup.file}.`,
    );
  }
  const hash = shortHash(approvedAtDowngrade(plan, backup, frozen.counts));
  if (approved !== hash) {
    throw new Failure('NotApproved', `The gate let ${approved || 'nothing'} pass; this is ${hash}.`);
  }
  return record;
}

/** What was written after the backup would be lost without a way back. */
function nobodyWrote({ backup }: Input, { breaches }: OperationRecord): void {
  if (isYounger(backup, breaches)) return;
  const last = breaches.findLast(({ reachedDatabase }) => reachedDatabase);
  const words = `Somebody reached the database after the backup of ${backup.takenAt}`;
  throw new Failure('WritesCameBack', `${words}: ${last?.what ?? 'unknown'} at ${last?.at ?? 'unknown'}.`);
}

async function barrierStands(means: Means, { service, database, operation }: Plan): Promise<void> {
  const url = await adminUrl(means, service);
  const found = await withClient(url, { operation }, (admin) => state(admin, database));
  if (found !== 'up') {
    const words = `The database ${database.name} is not aside as ${database.aside} (the barrier is ${found})`;
    throw new Failure('WritesNotStopped', `${words}: others may write.`);
  }
}

const exists = async ({ cluster }: Means, { service }: Plan, name: string): Promise<boolean> =>
  (await find(
    `read Job ${service.namespace}/${name}`,
    cluster.batch.readNamespacedJob({ namespace: service.namespace, name }),
  )) !== undefined;

/** The revision by SQL, not by what a Job says: `base`, one, or several joined by a comma. */
export async function revisionNow(means: Means, { service, database, operation }: Plan): Promise<string> {
  const url = await applicationUrl(means, service, database.aside);
  const { versionTable } = service.migrations;
  const found = await withClient(url, { operation }, (client) => revisions(client, versionTable));
  return found.join(', ') || base;
}

async function move(means: Means, plan: Plan, job: string, attempt: Attempt) {
  const { service, operation, database, migrationImage } = plan;
  const { migrations, namespace } = service;
  const deployment = await readDeployment(means.cluster, namespace, migrations.workload);
  const secret = await jobSecret(means, { operation, service, part: 'downgrade', database: database.aside });
  const wish = {
    name: job,
    operation,
    step: 'downgrade',
    service,
    template: deployment.spec?.template ?? {},
    container: migrations.container,
    image: migrationImage,
    databaseSecret: secret,
    deadlineSeconds: Math.ceil(migrations.timeout / 1_000) + spareSeconds,
  };
  const onLine = (line: string) => {
    const step = /Running (?:up|down)grade .*/.exec(line)?.[0];
    if (step !== undefined) attempt.progress({ doing: step });
  };
  return migrate(
    means.cluster,
    wish,
    { from: plan.from, target: plan.target },
    { signal: attempt.signal, onLine },
  );
}

/** A migration whose pod is gone may still run in the server: only without its session the revision is final. */
async function afterFailure(
  means: Means,
  plan: Plan,
  job: string,
  error: Failure,
  attempt: Attempt,
): Promise<Answer> {
  attempt.progress({ doing: 'the Job failed: reading the revision again' });
  await endOwnSessions(means, plan, attempt);
  const at = await revisionNow(means, plan);
  if (at === plan.target) {
    attempt.log.warn(`Job ${job} failed, but the database is at ${at}`, { said: error.message });
    return { from: plan.from, to: plan.target, moved: true, seconds: 0, job };
  }
  if (at !== plan.from) throw unclear(plan, at, error.message);
  throw new Failure(
    'DowngradeFailed',
    `${error.message} The database is at ${at}, as before.`,
    {},
    { cause: error },
  );
}

async function endOwnSessions(
  means: Means,
  { service, database, operation }: Plan,
  attempt: Attempt,
): Promise<void> {
  const url = await adminUrl(means, service);
  const gone = await withClient(url, { operation }, (admin) =>
    poll({ every: 500, within: sessionsGoneWithin, signal: attempt.signal }, async () => {
      const { rowCount } = await admin.query(
        `SELECT pg_catalog.pg_terminate_backend(pid) FROM pg_catalog.pg_stat_activity
         WHERE datname = $1 AND application_name = $2 AND pid <> pg_backend_pid()`,
        [database.aside, applicationName(operation)],
      );
      return rowCount === 0 ? true : undefined;
    }),
  );
  if (gone === undefined) {
    throw new Failure(
      'DowngradeUnclear',
      `A session of the failed migration on ${database.aside} does not end.`,
    );
  }
}

function unclear({ from, target }: Plan, at: string, said: string): Failure {
  return new Failure(
    'DowngradeUnclear',
    `The database is at ${at}, neither at ${from} nor at ${target}. ${said}`,
  );
}
