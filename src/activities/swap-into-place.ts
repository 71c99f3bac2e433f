import { allowConnections } from '../postgres/fence.ts';
import type { Client } from '../postgres/connect.ts';
import { databaseExists, oidOf, swap as rename } from '../postgres/databases.ts';
import { leftWithFormer } from '../postgres/replication.ts';
import { defined } from '../domain/defined.ts';
import { Failure } from '../domain/failures.ts';
import { siblingName } from '../domain/names.ts';
import type { Plan } from '../domain/plan/plan.ts';
import type { Swap } from '../domain/record.ts';
import type { ActivityContext } from './context.ts';

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

/** Whether what was restored is in the place of the fenced database already: an earlier attempt may have died then. */
export const isInPlace = (context: ActivityContext, { restored }: Swap): Promise<boolean> =>
  context
    .nonCancellable()
    .admin(async (client) => (await oidOf(client, context.plan.database.fencedName)) === restored.oid);

/**
 * Decides by which names two databases are swapped. An operation that restores a second time finds the database that
 * failed first under its name: the next one gets another name.
 *
 * @param name of the restored database beside the fenced one
 * @throws Failure RestoreFailed where one of the two is missing
 */
export function planSwap(
  { plan: { database, operation }, admin }: ActivityContext,
  name: string,
): Promise<Pick<Swap, 'restored' | 'failed'>> {
  return admin(async (client) => {
    const [fenced, restored] = [await oidOf(client, database.fencedName), await oidOf(client, name)];
    if (fenced === undefined || restored === undefined)
      throw new Failure(
        'RestoreFailed',
        `Of the databases ${database.fencedName} and ${name} one is missing: somebody renamed or removed it.`,
      );
    const failed = { name: await freeName(client, { database, operation }), oid: fenced };
    return { restored: { name, oid: restored }, failed };
  });
}

/** Under which name the database that is replaced is kept. */
async function freeName(
  admin: Client,
  { database, operation }: Pick<Plan, 'database' | 'operation'>,
): Promise<string> {
  for (let number = 1; ; number++) {
    const name = siblingName(database.name, 'failed', operation, number);
    if (!(await databaseExists(admin, name))) return name;
  }
}

/**
 * In place of the runbook's DROP DATABASE (law 7). Wanted: the restored database has the name of the fenced one, that
 * one is kept under a name of its own, both let sessions in, and the record says which is which. The two are renamed
 * in one transaction; writes stay stopped. Known by looking: the OIDs of databases. It is finished although the
 * activity is cancelled: a database that stays closed would be a riddle to whoever looks next.
 *
 * @returns what a person must do about replication that stays with the database that is kept
 * @throws Failure RestoreFailed where somebody renamed one of the two meanwhile, WritesNotStopped, OperationLost
 */
export async function swapIntoPlace(context: ActivityContext, swap: Swap): Promise<string[]> {
  const { admin } = context.nonCancellable();
  const { fencedName } = context.plan.database;
  const { restored, failed } = swap;
  // First: whoever comes next must know of it.
  await context.record.update((now) => ({
    ...now,
    swap,
    artifacts: now.artifacts.includes(failed.name) ? now.artifacts : [...now.artifacts, failed.name],
  }));
  if (!(await isInPlace(context, swap))) {
    context.progress({ doing: `renames ${restored.name} into place, and keeps the database as it was` });
    await admin(async (client) => {
      await assertStill(client, { name: fencedName, oid: failed.oid });
      await assertStill(client, restored);
      await rename(client, [
        { from: fencedName, to: failed.name },
        { from: restored.name, to: fencedName },
      ]);
    });
  }
  await admin(async (client) => {
    await allowConnections(client, failed.name, true);
    await allowConnections(client, fencedName, true);
  });
  // A snapshot that took the place is one no more.
  await context.record.update(({ snapshot, ...now }) => ({
    ...now,
    ...defined({ snapshot: snapshot?.database === restored.name ? undefined : snapshot }),
  }));
  return admin((client) => leftWithFormer(client, failed.name));
}

async function assertStill(admin: Client, { name, oid }: Swap['restored']): Promise<void> {
  if ((await oidOf(admin, name)) === oid) return;
  throw new Failure('RestoreFailed', `${name} is another database than a moment ago: somebody renamed it.`);
}
