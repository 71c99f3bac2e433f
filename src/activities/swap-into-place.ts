import { allowConnections } from '../postgres/fence.ts';
import { databaseExists, swap } from '../postgres/databases.ts';
import { leftWithFormer } from '../postgres/replication.ts';
import { defined } from '../domain/defined.ts';
import { Failure } from '../domain/failures.ts';
import { siblingName } from '../domain/names.ts';
import type { Plan } from '../domain/plan/plan.ts';
import type { ActivityContext } from './context.ts';

/** Under which name the database that was replaced is kept. */
export const failedName = ({ database, operation }: Pick<Plan, 'database' | 'operation'>): string =>
  siblingName(database.name, 'failed', operation);

/**
 * Nothing takes the place of a database that others can reach by its name.
 *
 * @throws Failure RestoreFailed
 */
export async function assertFenced({ plan: { database }, admin }: ActivityContext): Promise<void> {
  if (await admin((client) => databaseExists(client, database.fencedName))) return;
  throw new Failure(
    'RestoreFailed',
    `Database ${database.name} is not fenced off as ${database.fencedName}: the application may be writing to it. Writes must be stopped first.`,
  );
}

/** Whether a restored database is in the place of the fenced one already: an earlier attempt may have died then. */
export const isInPlace = async (context: ActivityContext, restored: string): Promise<boolean> =>
  (await stateOf(context, restored)) === 'in place';

/** @throws Failure RestoreFailed where one of the two is missing, or the name for the failed one is taken */
export async function assertReady(context: ActivityContext, restored: string): Promise<void> {
  if ((await stateOf(context, restored)) !== 'unknown') return;
  throw new Failure(
    'RestoreFailed',
    `Of the databases ${context.plan.database.fencedName} and ${restored} one is missing, or ${failedName(context.plan)} is there already: somebody renamed or removed them.`,
  );
}

/** By the names of databases alone: whoever renamed them. */
const stateOf = (context: ActivityContext, restored: string): Promise<'ready' | 'in place' | 'unknown'> =>
  context.nonCancellable().admin(async (admin) => {
    const [failed, fenced, beside] = [
      await databaseExists(admin, failedName(context.plan)),
      await databaseExists(admin, context.plan.database.fencedName),
      await databaseExists(admin, restored),
    ];
    if (failed && fenced && !beside) return 'in place';
    return !failed && fenced && beside ? 'ready' : 'unknown';
  });

/**
 * In place of the runbook's DROP DATABASE (law 7). Wanted: the restored database has the name of the fenced one, that
 * one is kept under a name of its own, both let sessions in, and the record names what is kept. The two are renamed
 * in one transaction; writes stay stopped. Known by looking: the names of databases. It is finished although the
 * activity is cancelled: a database that stays closed would be a riddle to whoever looks next.
 *
 * @param restored name of the restored database beside the fenced one
 * @returns what a person must do about replication that stays with the database that is kept
 * @throws Failure RestoreFailed as `assertReady` does, WritesNotStopped, OperationLost
 */
export async function swapIntoPlace(context: ActivityContext, restored: string): Promise<string[]> {
  const { admin } = context.nonCancellable();
  const { fencedName } = context.plan.database;
  const failed = failedName(context.plan);
  await assertReady(context, restored);
  // First: whoever comes next must know of it.
  await context.record.update((now) => ({
    ...now,
    artifacts: now.artifacts.includes(failed) ? now.artifacts : [...now.artifacts, failed],
  }));
  if (!(await isInPlace(context, restored))) {
    context.progress({ doing: `renames ${restored} into place, and keeps the database as it was` });
    await admin((client) =>
      swap(client, [
        { from: fencedName, to: failed },
        { from: restored, to: fencedName },
      ]),
    );
  }
  await admin(async (client) => {
    await allowConnections(client, failed, true);
    await allowConnections(client, fencedName, true);
  });
  // A snapshot that took the place is one no more.
  await context.record.update(({ snapshot, ...now }) => ({
    ...now,
    ...defined({ snapshot: snapshot?.database === restored ? undefined : snapshot }),
  }));
  return admin((client) => leftWithFormer(client, failed));
}
