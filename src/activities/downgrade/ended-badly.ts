import { poll } from '../../kubernetes/pause.ts';
import { applicationName } from '../../postgres/connect.ts';
import { Failure } from '../../domain/failures.ts';
import type { Plan } from '../../domain/plan/plan.ts';
import type { ActivityContext } from '../context.ts';
import { revisionNow } from '../migration.ts';
import type { Downgrade } from './step.ts';

const sessionsGoneWithin = 15_000;

/** A migration whose pod is gone may still run in the server: only without its session the revision is final. */
export async function afterFailure(
  context: ActivityContext,
  job: string,
  error: Failure,
): Promise<Downgrade> {
  const { plan } = context;
  context.progress({ doing: 'the Job failed: reading the revision again' });
  await endOperationSessions(context);
  const at = await revisionNow(context);
  if (at === plan.target) {
    context.log.warn(`Job ${job} failed, but the database is at ${at}`, { said: error.message });
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

async function endOperationSessions({
  plan,
  operation,
  signal,
  admin: session,
}: ActivityContext): Promise<void> {
  const { fencedName } = plan.database;
  const gone = await session((admin) =>
    poll({ every: 500, within: sessionsGoneWithin, signal }, async () => {
      const { rowCount } = await admin.query(
        `SELECT pg_catalog.pg_terminate_backend(pid) FROM pg_catalog.pg_stat_activity
         WHERE datname = $1 AND application_name = $2 AND pid <> pg_backend_pid()`,
        [fencedName, applicationName(operation)],
      );
      return rowCount === 0 ? true : undefined;
    }),
  );
  if (gone === undefined) {
    throw new Failure('DowngradeUnclear', `A session of the failed migration on ${fencedName} does not end.`);
  }
}

/** Neither where it was nor where it should be: only a person can say what follows. */
export function unclear({ from, target }: Plan, at: string, said: string): Failure {
  return new Failure(
    'DowngradeUnclear',
    `The database is at ${at}, neither at ${from} nor at ${target}. ${said}`,
  );
}
