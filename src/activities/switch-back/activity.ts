import { changeSecret, deleteSecret, secretValues } from '../../kubernetes/secrets.ts';
import { serverIn } from '../../postgres/connect.ts';
import { Failure } from '../../domain/failures.ts';
import { at, savedSecret } from '../../domain/plan/point-in-time.ts';
import { holdsNow } from '../../postgres/written.ts';
import { assertKnown, describeSecretKey, keyOf, references, same } from '../database-urls.ts';
import type { PointInTimePlan } from '../../domain/plan/plan.ts';
import type { StepInput } from '../activity-function.ts';
import type { ActivityContext } from '../context.ts';
import type { SwitchedBack } from './step.ts';

/**
 * Undoes `switch-database`. Wanted: every URL is as it was before, and the Secret that kept it is gone. Only
 * where nothing was written to the new instance meanwhile: its database is fenced off there again, and
 * compared with what it held when people agreed. Known by looking: the kept Secret, the URLs.
 *
 * @throws Failure NewInstanceWritten, SecretChanged, WritesNotStopped, OperationLost, DatabaseUnreachable
 */
export async function switchBack(
  context: ActivityContext<PointInTimePlan>,
  { restored, compared }: StepInput<'switch-back'>,
): Promise<SwitchedBack> {
  const { cluster, plan, service } = context;
  const { recovery } = plan;
  const { namespace } = service;
  const saved = savedSecret(recovery);
  const before = await secretValues(cluster, namespace, saved);
  if (before === undefined) return { secrets: [] };
  const record = await context.record.read();
  if (record.switched !== undefined) {
    context.progress({ doing: `looks whether anything was written to ${restored.instance}` });
    const there = context.onServer(restored.endpoint);
    await there.fence.raise();
    const now = await there.database(plan.database.fencedName, holdsNow);
    const more = now.written - compared.written;
    const tables = Object.keys({ ...compared.counts, ...now.counts }).filter(
      (table) => compared.counts[table] !== now.counts[table],
    );
    if (more !== 0 || tables.length > 0 || now.catalog !== compared.catalog)
      throw new Failure(
        'NewInstanceWritten',
        `${restored.instance} was written to since: ${more} rows inserted, updated or deleted${tables.length === 0 ? '' : `; tables with more or fewer rows: ${tables.slice(0, 20).join(', ')}`}${now.catalog === compared.catalog ? '' : '; its schema was changed'}.`,
      );
  }
  const ends = { from: recovery.endpoint, to: restored.endpoint };
  const urls = references(service);
  for (const reference of urls) {
    const old = before[keyOf(reference)];
    if (old === undefined)
      throw new Failure(
        'SecretMissing',
        `Secret ${saved} does not hold ${describeSecretKey(reference)} as it was.`,
      );
    context.progress({ doing: `switches ${describeSecretKey(reference)} back to ${at(recovery.endpoint)}` });
    await changeSecret(cluster, namespace, reference, (url) => {
      assertKnown(url, reference, ends);
      return same(serverIn(url), ends.from) ? url : old;
    });
  }
  await context.record.unwind((now) => {
    const { switched: _, ...rest } = now;
    return rest;
  });
  await deleteSecret(cluster, namespace, saved);
  return { secrets: urls.map(describeSecretKey) };
}
