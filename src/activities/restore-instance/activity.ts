import { providerOf } from '../../recovery/index.ts';
import { Failure } from '../../domain/failures.ts';
import { disableSubscriptions } from './subscriptions.ts';
import type { PointInTimePlan } from '../../domain/plan/plan.ts';
import type { ActivityContext } from '../context.ts';
import type { RestoredInstance } from './step.ts';

/**
 * Runbook, Point-in-Time Recovery, 3 to 5. Wanted: a new instance as the old one was at the recovery time, and its
 * fenced database under the operation's name, its subscriptions disabled, so that nobody writes to it before people
 * have agreed. Known by looking: the provider finds the instance by its name, the fence by the names of databases.
 *
 * @throws Failure ProviderRefused, ProviderUnreachable, NotRestorable, DatabaseUnreachable,
 *   DatabaseLoginRefused, DatabaseRightMissing
 */
export async function restoreInstance(context: ActivityContext<PointInTimePlan>): Promise<RestoredInstance> {
  const { plan, signal } = context;
  const { recovery, database } = plan;
  const { pointInTime } = context.service;
  if (pointInTime === undefined)
    throw new Failure('InvalidDefinition', 'The definition says nothing under pointInTime.');
  const began = Date.now();
  const provider = await (context.providerOf ?? providerOf)(pointInTime);
  const made = await provider.restore(
    {
      to: new Date(recovery.to),
      name: recovery.newInstance,
      operation: recovery.operation,
      within: pointInTime.within,
    },
    {
      signal,
      onProgress: (doing, done) => context.progress({ doing, ...done }),
    },
  );
  context.progress({ doing: `fences database ${database.name} on ${made.name} too` });
  const there = context.onServer(made.endpoint);
  // First: while one is enabled its worker comes back, and the fence cannot be raised.
  if ((await there.fence.state()) === 'down') await disableSubscriptions(there, database.name, context.log);
  await there.fence.raise();
  const subscriptions = await disableSubscriptions(there, database.fencedName, context.log);
  return {
    instance: made.name,
    endpoint: made.endpoint,
    seconds: (Date.now() - began) / 1_000,
    notes: [
      ...made.notes,
      ...subscriptions.map(
        (name) =>
          `Subscription ${name} is disabled on ${made.name}: what its publisher had sent by that time is there, what it sent since is not, and the slot does not give it again.`,
      ),
    ],
  };
}
