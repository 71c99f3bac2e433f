import { firstSeen } from '../../kubernetes/first-seen.ts';
import { writtenAt } from '../../migrations/version-table.ts';
import { Failure } from '../../domain/failures.ts';
import type { Plan } from '../../domain/plan/plan.ts';
import type { Recovery } from '../../domain/plan/point-in-time.ts';
import type { ServiceContext } from '../context.ts';

export type Found = Pick<Recovery, 'to' | 'how' | 'evidence'>;

/** Between the first sight of the image and the guess: a pod, a Job or a pipeline takes time to be made. */
const margin = 60_000;

/** The last whole second before a time: every provider can restore to one. */
const secondBefore = (time: Date): string =>
  new Date(Math.floor((time.getTime() - 1) / 1_000) * 1_000).toISOString();

/**
 * The moment before the migration: as it was given; otherwise just before the commit that wrote the revision,
 * which a server with `track_commit_timestamp` knows; otherwise a proposal from what the cluster knows.
 *
 * @throws Failure NotRestorable where nothing tells: then a person names it
 */
export async function findRecoveryTime(
  context: ServiceContext,
  plan: Pick<Plan, 'from' | 'target' | 'reverts' | 'database' | 'migrationImage'>,
  given: string | undefined,
): Promise<Found> {
  if (given !== undefined) {
    const second = Math.floor(Date.parse(given) / 1_000) * 1_000;
    return { to: new Date(second).toISOString(), how: 'given', evidence: '' };
  }
  if (plan.reverts.length === 0)
    throw new Failure(
      'NotRestorable',
      `The database is to stay at ${plan.target}: only a person can name the moment (--to).`,
    );
  const { service, tool } = context;
  const committed = await context.database(plan.database.name, (client) => writtenAt(client, tool));
  if (committed !== undefined)
    return {
      to: secondBefore(committed),
      how: 'commit-time',
      evidence: `${plan.from} was written to ${tool.versionTable} at ${committed.toISOString()}`,
    };
  const seen = await firstSeen(context.cluster, service.namespace, plan.migrationImage);
  if (seen === undefined)
    throw new Failure(
      'NotRestorable',
      'Nothing tells when the migration was made: the server does not keep the times of commits, and nothing in the cluster has run its image. Name the moment (--to).',
    );
  return {
    to: secondBefore(new Date(seen.at.getTime() - margin)),
    how: 'proposed',
    evidence: `one minute before ${seen.what}, made ${seen.at.toISOString()}, the first that ran ${plan.migrationImage}`,
  };
}
