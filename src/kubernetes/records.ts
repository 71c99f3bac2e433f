import { utc } from '../domain/text.ts';
import type { V1ConfigMap } from '@kubernetes/client-node';
import { Failure } from '../domain/failures.ts';
import { shortHash } from '../domain/plan/hash.ts';
import type { OperationId } from '../domain/names.ts';
import { leftBehind, type FinishedOperation, type OperationRecord } from '../domain/record.ts';
import { ask, find, kubernetesFailure, statusOf } from './answer.ts';
import type { Cluster } from './cluster.ts';

/** A database, wherever it is reached from: the server's `system_identifier` and its name. */
export interface DatabaseId {
  server: string;
  name: string;
}

export interface RecordState {
  record?: OperationRecord;
  /** Newest last; at most 20, and those that left databases on the server. */
  finished: FinishedOperation[];
  /** `resourceVersion` of the ConfigMap: what compare-and-swap compares. */
  version?: string;
}

const keepFinished = 20;
const tries = 20;

/** ConfigMap in which the record of a database is kept. */
export const recordName = ({ server, name }: DatabaseId) => `record-${shortHash({ server, name })}`;

/** Reads the operation record of a database; an absent ConfigMap is a database without any operation. */
export async function readRecord(
  cluster: Cluster,
  namespace: string,
  database: DatabaseId,
): Promise<RecordState> {
  const name = recordName(database);
  const found = await find(
    `read the operation record ${namespace}/${name}`,
    cluster.core.readNamespacedConfigMap({ namespace, name }),
  );
  if (found === undefined) return { finished: [] };
  const record = parsed(found, 'record', namespace) as OperationRecord | undefined;
  if (record !== undefined && record.version !== 1) {
    throw new Failure(
      'Unexpected',
      `The operation record ${namespace}/${name} is of another version of Backstep.`,
    );
  }
  return {
    ...(record && { record }),
    finished: (parsed(found, 'finished', namespace) as FinishedOperation[] | undefined) ?? [],
    ...(found.metadata?.resourceVersion && { version: found.metadata.resourceVersion }),
  };
}

function parsed(map: V1ConfigMap, key: string, namespace: string): unknown {
  const text = map.data?.[key];
  if (text === undefined) return undefined;
  try {
    return JSON.parse(text);
  } catch {
    throw new Failure(
      'Unexpected',
      `ConfigMap ${namespace}/${map.metadata?.name} holds no JSON under ${key}: it was changed by hand; mend it.`,
    );
  }
}

/**
 * Proves that a record could be written, by a dry run: the namespace exists and the right is there.
 *
 * @throws Failure WorkloadMissing, KubernetesRightMissing
 */
export async function assertRecordable(cluster: Cluster, namespace: string): Promise<void> {
  const body: V1ConfigMap = { metadata: { generateName: 'record-', namespace } };
  try {
    await cluster.core.createNamespacedConfigMap({ namespace, body, dryRun: 'All' });
  } catch (error) {
    throw withoutNamespace(error, namespace);
  }
}

function withoutNamespace(error: unknown, namespace: string): Failure {
  if (statusOf(error) !== 404)
    return kubernetesFailure(error, `write an operation record in namespace ${namespace}`);
  return new Failure(
    'WorkloadMissing',
    `The namespace ${namespace}, in which operation records are kept, is missing: kubectl apply -f deploy/rbac.yaml.`,
  );
}

/**
 * Takes the database for an operation (law 6): creates its record, finds its own again, or takes up the one
 * of an unfinished operation, whose stopped state, names and backup stay. Answers with the record in force.
 *
 * @throws Failure OperationLost where another operation holds the database.
 */
export async function claim(
  cluster: Cluster,
  namespace: string,
  wanted: OperationRecord,
  takesUp?: OperationId,
): Promise<OperationRecord> {
  return swap(cluster, namespace, wanted.database, (state) => {
    const found = state.record;
    // A worker that had lost touch must not begin again what has ended meanwhile.
    if (state.finished.some((done) => done.operation === wanted.operation))
      throw new Failure('OperationLost', `Operation ${wanted.operation} has ended already.`);
    if (found === undefined) return { ...state, record: wanted };
    if (found.operation === wanted.operation) return state;
    if (found.operation !== takesUp) throw lost(found);
    const { operation, kind, workflowId, runId, temporalNamespace, from, target } = wanted;
    const holder = {
      operation,
      workflowId,
      runId,
      ...(temporalNamespace !== undefined && { temporalNamespace }),
      // It goes its own way, and not to the target of the one that is taken up.
      ...(kind !== 'rollback' && { kind, from, target }),
    };
    const { unwindingAt: _, ...rest } = found;
    return { ...state, record: { ...rest, ...holder } };
  }).then(({ record }) => record ?? wanted);
}

const lost = (holder: OperationRecord) =>
  new Failure(
    'OperationLost',
    `Operation ${holder.operation} (workflow ${holder.workflowId}) holds the database ${holder.database.name} since ${utc(holder.startedAt)}.`,
  );

/**
 * Changes the record of an operation by compare-and-swap; `change` may run more than once.
 *
 * @throws Failure OperationLost where the record is another operation's, or is gone.
 */
export async function update(
  cluster: Cluster,
  namespace: string,
  database: DatabaseId,
  operation: OperationId,
  change: (record: OperationRecord) => OperationRecord,
): Promise<OperationRecord> {
  const { record } = await swap(cluster, namespace, database, (state) => {
    const found = state.record;
    if (found === undefined) {
      throw new Failure('OperationLost', `The record of operation ${operation} on ${database.name} is gone.`);
    }
    if (found.operation !== operation) throw lost(found);
    const next = change(found);
    return next === found ? state : { ...state, record: next };
  });
  return record as OperationRecord;
}

/**
 * Removes the record of an operation and remembers that it is finished, and what it left on the server. Run twice,
 * it does so once.
 *
 * @param keepFor milliseconds for which failed databases are kept
 * @throws Failure OperationLost where the record is another operation's.
 */
export async function close(
  cluster: Cluster,
  namespace: string,
  database: DatabaseId,
  operation: OperationId,
  finished: Omit<FinishedOperation, 'artifacts'>,
  keepFor?: number,
): Promise<void> {
  await swap(cluster, namespace, database, (state) => {
    const { record, ...rest } = state;
    if (record === undefined && state.finished.some((done) => done.operation === operation)) return state;
    if (record !== undefined && record.operation !== operation) throw lost(record);
    const others = state.finished
      .filter((done) => done.operation !== operation)
      .filter((done, index, { length }) => done.artifacts.length > 0 || index > length - keepFinished);
    const artifacts = record === undefined ? [] : leftBehind(record, finished.endedAt, keepFor);
    return { ...rest, finished: [...others, { ...finished, artifacts }] };
  });
}

/** Forgets databases that finished operations had left and that are gone now. */
export async function forgetArtifacts(
  cluster: Cluster,
  namespace: string,
  database: DatabaseId,
  gone: readonly string[],
): Promise<void> {
  await swap(cluster, namespace, database, (state) => {
    if (!state.finished.some(({ artifacts }) => artifacts.some(({ name }) => gone.includes(name))))
      return state;
    const finished = state.finished.map((done) => ({
      ...done,
      artifacts: done.artifacts.filter(({ name }) => !gone.includes(name)),
    }));
    return { ...state, finished };
  });
}

/** Reads, changes and writes where nobody else wrote in between; otherwise again. Same state, no write. */
async function swap(
  cluster: Cluster,
  namespace: string,
  database: DatabaseId,
  change: (state: RecordState) => RecordState,
): Promise<RecordState> {
  const name = recordName(database);
  for (let left = tries; left > 0; left--) {
    const state = await readRecord(cluster, namespace, database);
    const next = change(state);
    if (next === state) return state;
    try {
      await write(cluster, namespace, name, database, next);
      return next;
    } catch (error) {
      if (statusOf(error) !== 409) throw withoutNamespace(error, namespace);
    }
  }
  throw new Failure(
    'KubernetesUnreachable',
    `The record ${namespace}/${name} was changed by others ${tries} times in a row.`,
  );
}

async function write(
  cluster: Cluster,
  namespace: string,
  name: string,
  database: DatabaseId,
  state: RecordState,
): Promise<void> {
  const body: V1ConfigMap = {
    metadata: {
      name,
      namespace,
      labels: { 'backstep.dev/record': 'true' },
      annotations: { 'backstep.dev/server': database.server, 'backstep.dev/database': database.name },
      ...(state.version && { resourceVersion: state.version }),
    },
    data: {
      ...(state.record && { record: JSON.stringify(state.record, null, 1) }),
      finished: JSON.stringify(state.finished, null, 1),
    },
  };
  if (state.version === undefined) await cluster.core.createNamespacedConfigMap({ namespace, body });
  else
    await ask(
      `write ${namespace}/${name}`,
      cluster.core.replaceNamespacedConfigMap({ namespace, name, body }),
    );
}
