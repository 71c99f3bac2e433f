import { providerOf } from '../../recovery/index.ts';
import type { SourceInstance } from '../../recovery/provider.ts';
import { serverIn } from '../../postgres/connect.ts';
import { subscriptionsOf } from '../../postgres/subscriptions.ts';
import { Failure, fault } from '../../domain/failures.ts';
import { shortHash } from '../../domain/plan/hash.ts';
import type { OperationId } from '../../domain/names.ts';
import type { Plan, PointInTimePlan, Assessment } from '../../domain/plan/plan.ts';
import { at, type Endpoint, type Recovery } from '../../domain/plan/point-in-time.ts';
import { assess } from './activity.ts';
import { Faults } from './faults.ts';
import { activityContext, type ActivityContext, type BaseContext } from '../context.ts';
import { findRecoveryTime } from '../point-in-time/recovery-time.ts';
import type { AssessInputOf } from './step.ts';

type Input = AssessInputOf<'point-in-time-restore'>;
type Answer = Assessment;

/**
 * As `assess`, for a point-in-time restore: pins the moment too, proves that the provider can restore it, and
 * says what the new instance gets (runbook, Point-in-Time Recovery, 1 to 4). Changes nothing.
 */
export async function assessPointInTime(dependencies: BaseContext, input: Input): Promise<Answer> {
  const { kind, request, ...rest } = input;
  const { to, ...asked } = request;
  const loaded = await dependencies.definitions.load(request.service);
  if ('faults' in loaded) return { kind: 'refused', faults: loaded.faults };
  const { pointInTime } = loaded.definition;
  const faults = new Faults();
  if (pointInTime === undefined) {
    faults.add(
      'InvalidDefinition',
      `The definition of ${request.service} does not say who can restore its database to a moment: name it under pointInTime.`,
    );
    return { kind: 'refused', faults: [...faults.all] };
  }
  dependencies.progress({ doing: `asks ${pointInTime.provider} what it can restore` });
  const [source, assessed] = await Promise.all([
    faults.try(async () =>
      (await (dependencies.providerOf ?? providerOf)(pointInTime)).describe(dependencies.signal),
    ),
    assess(dependencies, { ...rest, request: asked }, { kind, mayStay: true }),
  ]);
  if (assessed.kind === 'nothing-to-do') return assessed;
  if (assessed.kind === 'refused') return { kind: 'refused', faults: [...assessed.faults, ...faults.all] };
  if (source === undefined) return { kind: 'refused', faults: [...faults.all] };
  const { plan: pinned, observations } = assessed;
  const moment = await faults.try(() =>
    recoveryOf(activityContext(dependencies, { plan: pinned }), source, to),
  );
  // Taken up, the new instance may be there already, whatever can be restored by now.
  if (moment !== undefined && pinned.takesUp === undefined) proveWithin(moment, faults);
  if (moment === undefined || faults.all.length > 0) return { kind: 'refused', faults: [...faults.all] };
  if (source.endpoint !== undefined && at(source.endpoint) !== at(moment.endpoint))
    observations.notes.unshift(
      `The application reaches the database by ${at(moment.endpoint)}, the provider names ${at(source.endpoint)}: what lies between them (a pooler, another name) is left out afterwards.`,
    );
  observations.notes.push(...source.notes);
  const plan: PointInTimePlan = {
    ...pinned,
    kind,
    request,
    moment: { ...moment, provider: pointInTime.provider },
  };
  return { ...assessed, plan, hash: shortHash(plan), observations };
}

async function recoveryOf(
  context: ActivityContext,
  source: SourceInstance,
  given: string | undefined,
): Promise<Omit<Recovery, 'provider'>> {
  const { plan } = context;
  const { earliest, latest, carries, name: instance } = source;
  const subscriptions = await subscribed(context);
  const window = {
    earliest: earliest.toISOString(),
    latest: latest.toISOString(),
    carries,
    ...(subscriptions.length > 0 && { subscriptions }),
  };
  if (plan.takesUp !== undefined) {
    const record = await context.record.find();
    if (record?.moment !== undefined) return { ...record.moment, instance, ...window };
  }
  const found = await findRecoveryTime(context, plan, given);
  const endpoint = endpointIn(await context.applicationUrl(), plan);
  return {
    ...found,
    instance,
    newInstance: newName(instance, plan.operation),
    operation: plan.operation,
    endpoint,
    ...window,
  };
}

/** Names of the database's subscriptions, whatever the database is called right now. */
async function subscribed({ admin: session, plan: { database } }: ActivityContext): Promise<string[]> {
  return session(async (admin) => {
    const found = [database.name, database.fencedName].map((at) => subscriptionsOf(admin, at));
    return (await Promise.all(found)).flat().map(({ name }) => name);
  });
}

function endpointIn(url: string, { service }: Plan): Endpoint {
  try {
    return serverIn(url);
  } catch (error) {
    const where = `Secret ${service.namespace}/${service.database.url.secret}`;
    throw new Failure('DatabaseInvalid', `${where}: ${(error as Error).message}; it could not be switched.`);
  }
}

/** Every provider takes 63 characters; the operation's id stands at the end. */
export const newName = (instance: string, operation: OperationId): string =>
  `${instance.slice(0, 62 - operation.length).replace(/-+$/, '')}-${operation}`;

function proveWithin({ to, earliest, latest, how }: Omit<Recovery, 'provider'>, faults: Faults): void {
  const say = (words: string) =>
    faults.take(
      fault(
        'NotRestorable',
        `${to} (${how}) ${words}: the provider can restore from ${earliest} to ${latest}.`,
      ),
    );
  if (to < earliest) say('is too early');
  else if (to > new Date().toISOString()) say('has not come yet');
  else if (to > latest) say('is not archived yet; wait a few minutes');
}
