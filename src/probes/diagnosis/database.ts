import { catalog } from '../../postgres/catalog.ts';
import { withClient, withDatabase, type Client } from '../../postgres/connect.ts';
import { plansOf } from '../../postgres/symptoms/plans.ts';
import { stampOf, type Stamp } from '../../postgres/symptoms/stamp.ts';
import type { EstimatedLosses, Sign } from '../../domain/diagnosis.ts';
import { comparePlans } from '../../domain/query-plans.ts';
import type { ProbeContext } from '../context.ts';
import type { ServerFacts } from '../server.ts';
import { signsOfData } from './data.ts';
import { signsOfIndexes, signsOfLocks } from './indexes.ts';
import { probeLimits, type BoundedProbes } from './bounded-probes.ts';
import { objectsOf, recall, remember, signsOfMemory, signsOfRehearsal } from './memory.ts';
import { estimatedLosses, type Moved } from './migration.ts';

type Asking = Pick<ProbeContext, 'operation' | 'service' | 'tool' | 'storage'>;

export interface Known {
  facts: Pick<ServerFacts, 'applicationUrl' | 'server' | 'name' | 'now'>;
  moved: Moved;
  /** Image that would downgrade. */
  image: string;
}

/** Everything that the application's own connection shows, in one session that only reads. */
export async function signsOfDatabase(
  asking: Asking,
  known: Known,
  probes: BoundedProbes,
): Promise<{ stamp: Stamp | undefined; estimated: EstimatedLosses; signs: Sign[] }> {
  const { operation, service, tool } = asking;
  const { facts, moved } = known;
  const { diagnosis } = service;
  const options = {
    operation,
    signal: probes.signal,
    statementTimeout: probeLimits.statement,
    lockTimeout: probeLimits.lock,
  };
  return withClient(withDatabase(facts.applicationUrl, facts.now), options, async (client) => {
    await client.query('SET max_parallel_workers_per_gather = 0');
    const look = probes.on(client);
    // What blocks the application first: it may be gone a moment later.
    const locks = await signsOfLocks(client, look);
    const stamp = await look('what the migration made', () => stampOf(client, tool, moved.from));
    const { estimated, signs: since } = await estimatedLosses(client, stamp, { moved, look });
    const data = await signsOfData(client, diagnosis.forbid, look);
    const indexes = await signsOfIndexes(client, diagnosis.indexes, look);
    const changed = await look('plans and schema', () => againstBefore(asking, client, known, probes));
    return { stamp, estimated, signs: [...locks, ...since, ...data, ...indexes, ...(changed ?? [])] };
  });
}

/**
 * Plans and schema now against those of an earlier look: plans at the target, where it was looked at then,
 * otherwise at this revision; the schema at this revision only.
 */
async function againstBefore(
  { service, storage }: Asking,
  client: Client,
  { facts, moved, image }: Known,
  { notSeen }: BoundedProbes,
): Promise<Sign[]> {
  const of = { service: service.service, server: facts.server, database: facts.name };
  const atTarget = await recall(storage, { ...of, revision: moved.target });
  const here = await recall(storage, { ...of, revision: moved.from });
  const { plans, failed } = await plansOf(client, service.diagnosis.queries);
  notSeen.push(...failed);
  const objects = objectsOf(await catalog(client));
  await remember(storage, { ...of, revision: moved.from }, { objects, plans });
  const earlier = atTarget ?? here;
  const since = earlier === undefined ? '' : `at ${earlier.revision} on ${earlier.at.slice(0, 10)}`;
  return [
    ...(await signsOfRehearsal(storage, { ...of, ...moved }, image)),
    ...comparePlans(plans, earlier?.plans ?? [], since),
    ...(here ? signsOfMemory(here, objects) : []),
  ];
}
