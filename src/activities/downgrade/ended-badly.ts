import { poll } from '../../kubernetes/pause.ts';
import { applicationName, withClient } from '../../postgres/connect.ts';
import type { Downgrade } from '../../domain/deeds.ts';
import { Failure } from '../../domain/failures.ts';
import type { Plan } from '../../domain/plan/plan.ts';
import { adminUrl } from '../connections.ts';
import type { Attempt, Dependencies } from '../dependencies.ts';
import { revisionNow, unclear } from './revision.ts';

const sessionsGoneWithin = 15_000;

/** A migration whose pod is gone may still run in the server: only without its session the revision is final. */
export async function afterFailure(
  dependencies: Dependencies,
  plan: Plan,
  job: string,
  error: Failure,
  attempt: Attempt,
): Promise<Downgrade> {
  attempt.progress({ doing: 'the Job failed: reading the revision again' });
  await endOwnSessions(dependencies, plan, attempt);
  const at = await revisionNow(dependencies, plan);
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
  dependencies: Dependencies,
  { service, database, operation }: Plan,
  attempt: Attempt,
): Promise<void> {
  const url = await adminUrl(dependencies, service);
  const gone = await withClient(url, { operation }, (admin) =>
    poll({ every: 500, within: sessionsGoneWithin, signal: attempt.signal }, async () => {
      const { rowCount } = await admin.query(
        `SELECT pg_catalog.pg_terminate_backend(pid) FROM pg_catalog.pg_stat_activity
         WHERE datname = $1 AND application_name = $2 AND pid <> pg_backend_pid()`,
        [database.fencedName, applicationName(operation)],
      );
      return rowCount === 0 ? true : undefined;
    }),
  );
  if (gone === undefined) {
    throw new Failure(
      'DowngradeUnclear',
      `A session of the failed migration on ${database.fencedName} does not end.`,
    );
  }
}
