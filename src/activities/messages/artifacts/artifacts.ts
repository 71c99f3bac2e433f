import { forgetArtifacts, readRecord } from '../../../kubernetes/records.ts';
import { dropArtifact } from '../../../postgres/artifacts.ts';
import { Failure, failures } from '../../../domain/failures.ts';
import type {
  Artifact,
  ArtifactActivities,
  ArtifactList,
  RemovedArtifacts,
} from '../../../domain/artifacts.ts';
import type { OperationId } from '../../../domain/names.ts';
import { serviceContext, type BaseContext, type ServiceContext } from '../../context.ts';
import { removeFiles } from './files.ts';
import { find, heldBy, type Found } from './find.ts';

type Input<D extends keyof ArtifactActivities> = Parameters<ArtifactActivities[D]>[0];

/**
 * Lists what Backstep left for a service; touches nothing.
 *
 * @throws Failure InvalidDefinition, SecretMissing, DatabaseUnreachable, KubernetesUnreachable and others
 */
export async function artifacts(
  base: BaseContext,
  { request, operation }: Input<'artifacts'>,
): Promise<ArtifactList> {
  const { artifacts, notes } = await find(await contextOf(base, request.service, operation));
  return { service: request.service, artifacts, notes };
}

/**
 * Removes what is named, or what is expired. Wanted: it is gone, and no record remembers it. What an unfinished
 * operation may need is refused, and so is whatever Backstep did not make. Known by looking: at the record again
 * before each database.
 *
 * @throws Failure as `artifacts`
 */
export async function removeArtifacts(
  base: BaseContext,
  { request, operation }: Input<'remove-artifacts'>,
): Promise<RemovedArtifacts> {
  const context = await contextOf(base, request.service, operation);
  const { cluster, recordsNamespace } = context;
  const found = await find(context);
  const { wanted, refused } = chosen(found, request);
  const removed: string[] = [];
  const trying = async (names: string[], act: () => Promise<void>) => {
    try {
      await act();
      removed.push(...names);
    } catch (error) {
      if (!(error instanceof Failure) || failures[error.type].retry) throw error;
      refused.push(...names.map((name) => ({ name, why: error.message })));
    }
  };
  for (const each of wanted.filter(isDatabase)) {
    context.progress({ doing: `drops database ${each.name}` });
    await trying([each.name], async () => {
      const { record } = await readRecord(cluster, recordsNamespace, found.database);
      const why = heldBy(record, each);
      if (why !== undefined) throw new Failure('Refused', why);
      await context.admin((admin) => dropArtifact(admin, found.database.name, each.name));
    });
  }
  const files = wanted.filter((each) => !isDatabase(each)).map(({ name }) => name);
  if (files.length > 0) await trying(files, () => removeFiles(context, files));
  await forgetArtifacts(cluster, recordsNamespace, found.database, removed);
  for (const name of removed) context.log.info(`removed ${name}`, { by: request.requestedBy ?? 'unknown' });
  return { service: request.service, removed, refused };
}

async function contextOf(
  base: BaseContext,
  service: string,
  operation: OperationId,
): Promise<ServiceContext> {
  const loaded = await base.definitions.load(service);
  if ('definition' in loaded) return serviceContext(base, { service: loaded.definition, operation });
  throw new Failure('InvalidDefinition', loaded.faults.map(({ message }) => message).join('; '));
}

const isDatabase = ({ kind }: Artifact) =>
  kind === 'snapshot' || kind === 'failed database' || kind === 'copy';

/** What of the request can be removed, and why the rest cannot. */
export function chosen(
  { artifacts, notes }: Pick<Found, 'artifacts' | 'notes'>,
  request: { names: string[]; expired: boolean },
): { wanted: Artifact[]; refused: RemovedArtifacts['refused'] } {
  if (request.expired) return { wanted: artifacts.filter(({ expired }) => expired), refused: [] };
  const wanted: Artifact[] = [];
  const refused: RemovedArtifacts['refused'] = [];
  for (const name of new Set(request.names)) {
    const one = artifacts.find((each) => each.name === name);
    if (one === undefined) {
      const why = ['nothing of this name is kept: it is gone already, or Backstep did not make it', ...notes];
      refused.push({ name, why: why.join('. ') });
    } else if (one.heldBy !== undefined) refused.push({ name, why: one.heldBy });
    else wanted.push(one);
  }
  return { wanted, refused };
}
