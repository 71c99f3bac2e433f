import { update } from '../../kubernetes/records.ts';
import { raise, state } from '../../postgres/fence.ts';
import { withClient } from '../../postgres/connect.ts';
import { migrationSessions } from '../../postgres/migration-sessions.ts';
import { rollBackPrepared } from '../../postgres/prepared.ts';
import type { Pause } from '../../domain/plan/pauses.ts';
import type { Plan } from '../../domain/plan/plan.ts';
import { adminUrl, applicationUrl } from '../connections.ts';
import type { Attempt, Dependencies } from '../dependencies.ts';
import { adminUrlOn, pauseInDatabase } from '../pauses.ts';
import { mayHaveWritten } from './freeze.ts';

export interface Fenced {
  sessionsEnded: number;
  /** Migrations that were ended with the sessions, in words. */
  migrationsEnded: string[];
  /** Prepared transactions that were rolled back, in words. */
  rolledBack: string[];
}

/**
 * Wants the fenced database, and what writes from within its server paused. Subscriptions first: their workers
 * know the database by its OID and are a superuser's, so that nothing but their own switch ends them. Where
 * that fails the fence is raised all the same, and the failure is thrown then.
 */
export async function fenceDatabase(
  dependencies: Dependencies,
  plan: Plan,
  paused: readonly Pause[],
  attempt: Attempt,
): Promise<Fenced> {
  const { service, database, operation } = plan;
  const options = { operation, signal: attempt.signal };
  const rolledBack: string[] = [];
  const migrationsEnded: string[] = [];
  const admin = await adminUrl(dependencies, service);
  const ended = await withClient(admin, options, async (client) => {
    if ((await state(client, database)) === 'down') {
      await update(dependencies.cluster, dependencies.recordsNamespace, database, operation, mayHaveWritten);
      const [migrations] = await Promise.allSettled([
        migrationsIn(dependencies, plan),
        pauseInDatabase(dependencies, plan, paused, database.name),
      ]);
      if (migrations.status === 'fulfilled') migrationsEnded.push(...migrations.value);
    }
    for (const words of migrationsEnded) attempt.log.warn(`a migration is under way and ends now: ${words}`);
    return raise(client, database, {
      within: service.writes.gracePeriod,
      signal: attempt.signal,
      ...(service.writes.preparedTransactions === 'roll-back' && {
        rollBackPrepared: async (at: string) => {
          const url = await adminUrlOn(dependencies, service, at);
          await withClient(url, options, (own) =>
            rollBackPrepared(own, async (name) => {
              attempt.log.warn(`rolls back ${name}`);
              await update(
                dependencies.cluster,
                dependencies.recordsNamespace,
                database,
                operation,
                (now) => ({
                  ...now,
                  rolledBack: [...(now.rolledBack ?? []), name],
                }),
              );
              rolledBack.push(name);
            }),
          );
        },
      }),
    });
  });
  await pauseInDatabase(dependencies, plan, paused, database.fencedName);
  return { sessionsEnded: ended.length, migrationsEnded, rolledBack };
}

async function migrationsIn(
  dependencies: Dependencies,
  { service, database, operation }: Plan,
): Promise<string[]> {
  const url = await applicationUrl(dependencies, service, database.name);
  return withClient(url, { operation, statementTimeout: 5_000 }, (client) =>
    migrationSessions(client, service.migrations.versionTable),
  );
}
