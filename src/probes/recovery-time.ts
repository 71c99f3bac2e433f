import { utc } from '../domain/text.ts';
import { firstSeen } from '../kubernetes/first-seen.ts';
import { writtenAt } from '../migrations/version-table.ts';
import { serverIn, withClient, withDatabase } from '../postgres/connect.ts';
import { subscriptionsOf } from '../postgres/subscriptions.ts';
import type { SourceInstance } from '../recovery/provider.ts';
import type { ServiceDefinition } from '../domain/definition/service.ts';
import { Failure, fault, type Fault } from '../domain/failures.ts';
import type { OperationId } from '../domain/names.ts';
import type { Plan } from '../domain/plan/plan.ts';
import { at, type Endpoint, type Recovery } from '../domain/plan/point-in-time.ts';
import type { OperationRecord } from '../domain/record.ts';
import { found, type Findings } from './findings.ts';
import type { ProbeContext } from './context.ts';
import { carefully, type ServerFacts } from './server.ts';

/** Between the first sight of the image and the guess: a pod, a Job or a pipeline takes time to be made. Milliseconds. */
const margin = 60_000;

/** The last whole second before a time: every provider can restore to one. */
const secondBefore = (time: Date): string =>
  new Date(Math.floor((time.getTime() - 1) / 1_000) * 1_000).toISOString();

/** An instance as its provider describes it. */
export interface DescribedInstance extends SourceInstance {
  provider: Recovery['provider'];
}

/** What the provider says that it can restore, now. */
export async function describeInstance({
  service,
  providerOf,
  signal,
  progress,
}: ProbeContext): Promise<Findings<DescribedInstance>> {
  const { pointInTime } = service;
  if (pointInTime === undefined)
    throw new Failure(
      'InvalidDefinition',
      `The definition of ${service.service} does not say who can restore its database to an earlier time: name it under pointInTime.`,
    );
  progress({ doing: `asks ${pointInTime.provider} what it can restore` });
  const source = await (await providerOf(pointInTime)).describe(signal);
  return found({ provider: pointInTime.provider, ...source }, { notes: source.notes });
}

/** What is known of the move when the recovery time is looked for. */
export type Moving = Pick<Plan, 'from' | 'target' | 'reverts' | 'migrationImage'>;

/**
 * Pins the recovery time and the new instance, and proves that the provider can restore it. Taken up, both are those
 * of the record, whatever can be restored by now: the new instance may be there already.
 *
 * @param given by a person; absent: it is found
 * @throws Failure NotRestorable where nothing tells the time, DatabaseInvalid where a URL names no one server
 */
export async function planRecovery(
  context: ProbeContext,
  { source, facts, moving }: { source: DescribedInstance; facts: ServerFacts; moving: Moving },
  { record, requested }: { record?: OperationRecord | undefined; requested?: string | undefined },
): Promise<Findings<Recovery>> {
  const { service, operation } = context;
  const { provider, earliest, latest, carries, name: instance } = source;
  const subscriptions = await subscribed(context, facts);
  const window = {
    provider,
    earliest: earliest.toISOString(),
    latest: latest.toISOString(),
    carries,
    subscriptions,
  };
  const taken = record?.recovery;
  const planned = taken
    ? { ...taken, instance, ...window }
    : {
        ...(await findRecoveryTime(context, { facts, moving }, requested)),
        instance,
        newInstance: newName(instance, operation),
        operation,
        endpoint: endpointIn(facts.applicationUrl, service),
        ...window,
      };
  const named = source.endpoint && at(source.endpoint);
  const reached = at(planned.endpoint);
  return found(planned, {
    faults: record === undefined ? outsideOf(planned) : [],
    notes:
      named === undefined || named === reached
        ? []
        : [
            `The application reaches the database by ${reached}, the provider names ${named}: what lies between them (a pooler, another name) is left out afterwards.`,
          ],
  });
}

/**
 * The time before the migration: as it was given; otherwise just before the commit that wrote the revision, which a
 * server with `track_commit_timestamp` knows; otherwise a proposal from what the cluster knows.
 *
 * @throws Failure NotRestorable where nothing tells: then a person names it
 */
export async function findRecoveryTime(
  { cluster, service, operation, tool }: Pick<ProbeContext, 'cluster' | 'service' | 'operation' | 'tool'>,
  { facts, moving }: { facts: Pick<ServerFacts, 'applicationUrl' | 'now'>; moving: Moving },
  requested: string | undefined,
): Promise<Pick<Recovery, 'to' | 'how' | 'evidence'>> {
  if (requested !== undefined) {
    const second = Math.floor(Date.parse(requested) / 1_000) * 1_000;
    return { to: new Date(second).toISOString(), how: 'requested', evidence: '' };
  }
  const { from, target, reverts, migrationImage } = moving;
  if (reverts.length === 0)
    throw new Failure(
      'NotRestorable',
      `The database is to stay at ${target}: only a person can name the time (--to).`,
    );
  const url = withDatabase(facts.applicationUrl, facts.now);
  const committed = await withClient(url, { operation }, (client) => writtenAt(client, tool));
  if (committed !== undefined)
    return {
      to: secondBefore(committed),
      how: 'commit-time',
      evidence: `${from} was written to ${tool.versionTable} at ${utc(committed.toISOString())}`,
    };
  const seen = await firstSeen(cluster, service.namespace, migrationImage);
  if (seen === undefined)
    throw new Failure(
      'NotRestorable',
      'Nothing tells when the migration was made: the server does not keep the times of commits, and nothing in the cluster has run its image. Name the time (--to).',
    );
  return {
    to: secondBefore(new Date(seen.at.getTime() - margin)),
    how: 'proposed',
    evidence: `one minute before ${seen.what}, made ${utc(seen.at.toISOString())}, the first that ran ${migrationImage}`,
  };
}

/** Names of the database's subscriptions, whatever the database is called right now. */
async function subscribed({ operation }: ProbeContext, facts: ServerFacts): Promise<string[]> {
  return withClient(facts.adminUrl, { ...carefully, operation }, async (admin) => {
    const there = [facts.name, facts.fencedName].map((database) => subscriptionsOf(admin, database));
    return (await Promise.all(there)).flat().map(({ name }) => name);
  });
}

function endpointIn(url: string, { namespace, database }: ServiceDefinition): Endpoint {
  try {
    return serverIn(url);
  } catch (error) {
    const where = `Secret ${namespace}/${database.url.secret}`;
    throw new Failure('DatabaseInvalid', `${where}: ${(error as Error).message}; it could not be switched.`);
  }
}

/** Every provider takes 63 characters; the operation's id stands at the end. */
export const newName = (instance: string, operation: OperationId): string =>
  `${instance.slice(0, 62 - operation.length).replace(/-+$/, '')}-${operation}`;

function outsideOf({ to, earliest, latest, how }: Recovery): Fault[] {
  const why =
    to < earliest
      ? 'is too early'
      : to > new Date().toISOString()
        ? 'has not come yet'
        : to > latest
          ? 'is not archived yet; wait a few minutes'
          : undefined;
  if (why === undefined) return [];
  const text = `${utc(to)} (${how}) ${why}: the provider can restore from ${utc(earliest)} to ${utc(latest)}.`;
  return [fault('NotRestorable', text)];
}
