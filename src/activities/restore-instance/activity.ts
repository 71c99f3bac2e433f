import { providerOf } from '../../recovery/index.ts';
import { raise, state } from '../../postgres/fence.ts';
import { withClient } from '../../postgres/connect.ts';
import type { ActivityInput, ActivityOutput } from '../../domain/deeds.ts';
import { Failure } from '../../domain/failures.ts';
import { adminOn } from '../point-in-time/connections.ts';
import { disableSubscriptions } from '../point-in-time/subscriptions.ts';
import type { Attempt, Dependencies } from '../dependencies.ts';

/**
 * Runbook, Point-in-Time Recovery, 3 to 5. Wanted: a new instance as the old one was at the moment, and its
 * fenced database under the operation's name, its subscriptions disabled, so that nobody writes to it before people
 * have agreed. Known by looking: the provider finds the instance by its name, the fence by the names of databases.
 *
 * @throws Failure ProviderRefused, ProviderUnreachable, NotRestorable, DatabaseUnreachable,
 *   DatabaseLoginRefused, DatabaseRightMissing
 */
export async function restoreInstance(
  dependencies: Dependencies,
  { plan }: ActivityInput<'restore-instance'>,
  attempt: Attempt,
): Promise<ActivityOutput<'restore-instance'>> {
  const { service, moment, database, operation } = plan;
  const { pointInTime } = service;
  if (pointInTime === undefined)
    throw new Failure('InvalidDefinition', 'The definition says nothing under pointInTime.');
  const began = Date.now();
  const provider = await (dependencies.providerOf ?? providerOf)(pointInTime);
  const made = await provider.restore(
    {
      to: new Date(moment.to),
      name: moment.newInstance,
      operation: moment.operation,
      within: pointInTime.within,
    },
    {
      signal: attempt.signal,
      onProgress: (doing, done) => attempt.progress({ doing, ...done }),
    },
  );
  attempt.progress({ doing: `takes database ${database.name} aside on ${made.name} too` });
  const admin = await adminOn(dependencies, service, made.endpoint);
  const told = { operation, attempt };
  await withClient(admin, { operation, signal: attempt.signal }, async (client) => {
    // First: while one is enabled its worker comes back, and the fence cannot be raised.
    if ((await state(client, database)) === 'down') await disableSubscriptions(admin, database.name, told);
    await raise(client, database, { signal: attempt.signal });
  });
  const subscriptions = await disableSubscriptions(admin, database.fencedName, told);
  return {
    instance: made.name,
    endpoint: made.endpoint,
    seconds: (Date.now() - began) / 1_000,
    notes: [
      ...made.notes,
      ...subscriptions.map(
        (name) =>
          `Subscription ${name} is disabled on ${made.name}: what its publisher had sent by the moment is there, what it sent since is not, and the slot does not give it again.`,
      ),
    ],
  };
}
