import { catalog } from '../../postgres/catalog.ts';
import { plansOf } from '../../postgres/symptoms/plans.ts';
import { Failure } from '../../domain/failures.ts';
import type { Plan } from '../../domain/plan/plan.ts';
import { comparePlans, type QueryPlan } from '../../domain/query-plans.ts';
import type { Rehearsed } from '../../domain/rehearsal.ts';
import { objectsOf, remember, rememberRehearsal } from '../../probes/diagnosis/memory.ts';
import type { ActivityContext } from '../context.ts';

const keyOf = ({ service, database }: Plan) => ({
  service: service.service,
  server: database.server,
  database: database.name,
});

/** Keeps how the rehearsal ended, for the diagnosis of later ones; storage that fails costs nobody a rehearsal. */
export async function remembered(
  { storage, plan }: Pick<ActivityContext, 'storage' | 'plan'>,
  rehearse: () => Promise<Rehearsed>,
): Promise<Rehearsed> {
  const of = { ...keyOf(plan), from: plan.from, target: plan.target };
  const keep = (ended: { seconds?: number; failed?: string }) =>
    rememberRehearsal(storage, of, { image: plan.migrationImage, ...ended }).catch(() => {});
  try {
    const rehearsed = await rehearse();
    await keep({ seconds: rehearsed.seconds });
    return rehearsed;
  } catch (error) {
    if (error instanceof Failure && error.type === 'RehearsalFailed') {
      await keep({ failed: error.message.slice(0, 200) });
    }
    throw error;
  }
}

/** The plans of the definition's queries on the copy (runbook, Scenario 3). */
export const plansOn = ({ service, database }: ActivityContext, copy: string): Promise<QueryPlan[]> =>
  database(copy, async (client) => (await plansOf(client, service.diagnosis.queries)).plans);

/**
 * What the downgrade does to the plans: for the worse, and for the better. The copy at the target is remembered, as
 * what plans looked like there.
 */
export async function plansBeforeAndAfter(
  context: ActivityContext,
  copy: string,
  before: QueryPlan[],
): Promise<string[]> {
  const { storage, plan } = context;
  const after = await plansOn(context, copy);
  const objects = objectsOf(await context.database(copy, catalog));
  await remember(storage, { ...keyOf(plan), revision: plan.target }, { objects, plans: after }).catch(
    () => {},
  );
  return [
    ...comparePlans(after, before, `at ${plan.from}`).map(
      ({ evidence }) => `After the downgrade ${evidence}`,
    ),
    ...comparePlans(before, after, `at ${plan.target}`).map(
      ({ evidence }) => `The downgrade mends it: at ${plan.from} ${evidence}`,
    ),
  ];
}
