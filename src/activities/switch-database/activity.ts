import { changeSecret, putSecret, readSecret, secretValues } from '../../kubernetes/secrets.ts';
import { withServer } from '../../postgres/connect.ts';
import { Failure } from '../../domain/failures.ts';
import { shortHash } from '../../domain/plan/hash.ts';
import { labels } from '../../domain/names.ts';
import { at, savedSecret } from '../../domain/plan/point-in-time.ts';
import { assertKnown, describeSecretKey, keyOf, references } from '../database-urls.ts';
import type { PointInTimePlan } from '../../domain/plan/plan.ts';
import type { StepInput } from '../activity-function.ts';
import type { ActivityContext } from '../context.ts';
import type { SwitchedDatabase } from './step.ts';
import { approvedAtSwitch } from './step.ts';

/**
 * Runbook, Point-in-Time Recovery, 6. Wanted: every URL of the definition leads to the new instance, its other
 * parts as they were, the other keys of the Secrets untouched, and the URLs as they were kept in a Secret of
 * the operation. They are kept first; then the record says that they are switched; then they are. The
 * application is at 0 and reads them when it starts. Known by looking: the host and port in each URL.
 *
 * @throws Failure NotApproved, WritesNotStopped, SecretChanged where a URL leads elsewhere, SecretMissing,
 *   OperationLost
 */
export async function switchDatabase(
  context: ActivityContext<PointInTimePlan>,
  { restored, compared, approved }: StepInput<'switch-database'>,
): Promise<SwitchedDatabase> {
  const { cluster, plan, service } = context;
  const { recovery, database } = plan;
  const { namespace } = service;
  if (shortHash(approvedAtSwitch(plan, restored, compared)) !== approved)
    throw new Failure('NotApproved', 'What was approved is not what would be switched to.');
  const fence = await context.onServer(restored.endpoint).fence.state();
  if (fence !== 'up')
    throw new Failure(
      'WritesNotStopped',
      `Database ${database.name} is not fenced off on ${restored.instance} (${fence}): somebody may have written to it.`,
    );
  const ends = { from: recovery.endpoint, to: restored.endpoint };
  const urls = references(service);
  const saved = savedSecret(recovery);
  const before = (await secretValues(cluster, namespace, saved)) ?? {};
  for (const reference of urls) {
    const url = await readSecret(cluster, namespace, reference);
    assertKnown(url, reference, ends);
    // What an earlier attempt kept stays: the URL may have been switched since.
    before[keyOf(reference)] ??= url;
  }
  await putSecret(cluster, namespace, saved, before, { [labels.operation]: recovery.operation });
  await context.record.update((record) => ({
    ...record,
    switched: { to: restored.endpoint },
    pivotAt: record.pivotAt ?? new Date().toISOString(),
  }));
  for (const reference of urls) {
    context.progress({ doing: `switches ${describeSecretKey(reference)} to ${at(restored.endpoint)}` });
    await changeSecret(cluster, namespace, reference, (url) => {
      assertKnown(url, reference, ends);
      return withServer(url, restored.endpoint);
    });
  }
  return { secrets: urls.map(describeSecretKey), savedSecret: saved, ...ends };
}
