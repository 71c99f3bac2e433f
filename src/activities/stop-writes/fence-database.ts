import { raise, state } from '../../postgres/fence.ts';
import { migrationSessions } from '../../migrations/version-table.ts';
import { rollBackPrepared } from '../../postgres/prepared.ts';
import type { Pause } from '../../domain/plan/pauses.ts';
import type { ActivityContext } from '../context.ts';
import { pauseInDatabase } from '../pauses.ts';
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
export async function fenceDatabase(context: ActivityContext, paused: readonly Pause[]): Promise<Fenced> {
  const { service, record, signal } = context;
  const { database } = context.plan;
  const rolledBack: string[] = [];
  const migrationsEnded: string[] = [];
  const ended = await context.admin(async (admin) => {
    if ((await state(admin, database)) === 'down') {
      await record.update(mayHaveWritten);
      const [migrations] = await Promise.allSettled([
        migrationsIn(context),
        pauseInDatabase(context, paused, database.name),
      ]);
      if (migrations.status === 'fulfilled') migrationsEnded.push(...migrations.value);
    }
    for (const text of migrationsEnded) context.log.warn(`a migration is under way and ends now: ${text}`);
    return raise(admin, database, {
      within: service.writes.gracePeriod,
      signal,
      ...(service.writes.preparedTransactions === 'roll-back' && {
        rollBackPrepared: async (on: string) => {
          const note = async (name: string) => {
            context.log.warn(`rolls back ${name}`);
            await record.update((now) => ({ ...now, rolledBack: [...now.rolledBack, name] }));
            rolledBack.push(name);
          };
          await context.admin((own) => rollBackPrepared(own, note), { on });
        },
      }),
    });
  });
  await pauseInDatabase(context, paused, database.fencedName);
  return { sessionsEnded: ended.length, migrationsEnded, rolledBack };
}

const migrationsIn = ({ plan, tool, database }: ActivityContext): Promise<string[]> =>
  database(plan.database.name, (client) => migrationSessions(client, tool), {
    statementTimeout: 5_000,
  });
