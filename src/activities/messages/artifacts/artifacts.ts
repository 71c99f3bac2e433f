import { forgetKept, readRecord } from '../../../kubernetes/records.ts';
import { withClient } from '../../../postgres/connect.ts';
import { dropKept } from '../../../postgres/artifacts.ts';
import { Failure, failures } from '../../../domain/failures.ts';
import type { Kept, KeptDeeds, KeptList, RemovedKept } from '../../../domain/artifacts.ts';
import type { ServiceDefinition } from '../../../domain/definition/service.ts';
import { adminUrl } from '../../connections.ts';
import type { Attempt, Means } from '../../means.ts';
import { removeFiles } from './files.ts';
import { find, heldBy, type Found } from './find.ts';

type Input<D extends keyof KeptDeeds> = Parameters<KeptDeeds[D]>[0];

/**
 * Lists what Backstep left for a service; touches nothing.
 *
 * @throws Failure InvalidDefinition, SecretMissing, DatabaseUnreachable, KubernetesUnreachable and others
 */
export async function kept(
  means: Means,
  { request, operation }: Input<'kept'>,
  attempt: Attempt,
): Promise<KeptList> {
  const service = await definitionOf(means, request.service);
  const { kept, notes } = await find(means, { service, operation }, attempt);
  return { service: request.service, kept, notes };
}

/**
 * Removes what is named, or what is expired. Wanted: it is gone, and no record remembers it. What an unfinished
 * operation may need is refused, and so is whatever Backstep did not make. Known by looking: at the record again
 * before each database.
 *
 * @throws Failure as `kept`
 */
export async function removeKept(
  means: Means,
  { request, operation }: Input<'remove-kept'>,
  attempt: Attempt,
): Promise<RemovedKept> {
  const service = await definitionOf(means, request.service);
  const asked = { service, operation };
  const found = await find(means, asked, attempt);
  const { wanted, refused } = chosen(found, request);
  const removed: string[] = [];
  const trying = async (names: string[], deed: () => Promise<void>) => {
    try {
      await deed();
      removed.push(...names);
    } catch (error) {
      if (!(error instanceof Failure) || failures[error.type].retry) throw error;
      refused.push(...names.map((name) => ({ name, why: error.message })));
    }
  };
  const url = await adminUrl(means, service);
  for (const each of wanted.filter(isDatabase)) {
    attempt.progress({ doing: `drops database ${each.name}` });
    await trying([each.name], async () => {
      const { record } = await readRecord(means.cluster, means.recordsNamespace, found.database);
      const why = heldBy(record, each);
      if (why !== undefined) throw new Failure('Refused', why);
      await withClient(url, { operation }, (admin) => dropKept(admin, found.database.name, each.name));
    });
  }
  const files = wanted.filter((each) => !isDatabase(each)).map(({ name }) => name);
  if (files.length > 0) await trying(files, () => removeFiles(means, asked, attempt, files));
  await forgetKept(means.cluster, means.recordsNamespace, found.database, removed);
  for (const name of removed) attempt.log.info(`removed ${name}`, { by: request.requestedBy ?? 'unknown' });
  return { service: request.service, removed, refused };
}

async function definitionOf(means: Means, service: string): Promise<ServiceDefinition> {
  const loaded = await means.definitions.load(service);
  if ('definition' in loaded) return loaded.definition;
  throw new Failure('InvalidDefinition', loaded.faults.map(({ message }) => message).join('; '));
}

const isDatabase = ({ kind }: Kept) =>
  kind === 'restore point' || kind === 'failed database' || kind === 'copy';

/** What of the request can be removed, and why the rest cannot. */
export function chosen(
  { kept, notes }: Pick<Found, 'kept' | 'notes'>,
  request: { names: string[]; expired: boolean },
): { wanted: Kept[]; refused: RemovedKept['refused'] } {
  if (request.expired) return { wanted: kept.filter(({ expired }) => expired), refused: [] };
  const wanted: Kept[] = [];
  const refused: RemovedKept['refused'] = [];
  for (const name of new Set(request.names)) {
    const one = kept.find((each) => each.name === name);
    if (one === undefined) {
      const why = ['nothing of this name is kept: it is gone already, or Backstep did not make it', ...notes];
      refused.push({ name, why: why.join('. ') });
    } else if (one.heldBy !== undefined) refused.push({ name, why: one.heldBy });
    else wanted.push(one);
  }
  return { wanted, refused };
}
