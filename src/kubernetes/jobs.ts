import type { V1Job, V1Pod } from '@kubernetes/client-node';
import { Failure } from '../domain/failures.ts';
import { labels } from '../domain/names.ts';
import { find, kubernetesFailure, statusOf } from './answer.ts';
import type { Cluster } from './cluster.ts';
import { assertStarting, patience } from './job-start.ts';
import { pause } from './pause.ts';
import { LogFollower, readLog } from './pod-log.ts';
import { nameOf, podsOf, troubleOf } from './pods.ts';

export { deleteJob, deleteOperationJobs } from './job-removal.ts';

/** How a Job ended. */
export interface JobEnd {
  name: string;
  succeeded: boolean;
  /** Of its container, where one ran and is still known. */
  exitCode?: number;
  /** The last 500 lines of its container. */
  lines: string[];
  /** Why it failed, and whether its log is gone. */
  reason?: string;
  startedAt?: string;
  finishedAt?: string;
}

export interface Watch {
  signal: AbortSignal;
  onLine?: (line: string) => void;
  /** Milliseconds after which a pod in trouble counts as not starting; a minute if absent. */
  startWithin?: number;
}

/** How often a Job is looked at; milliseconds. */
const every = { atFirst: 300, atMost: 2_000 };
/** A look asks the API server three times: one that has run for an hour is not asked as often as one that began. */
const untilNextLook = (waited: number): number =>
  Math.min(every.atMost, Math.max(every.atFirst, waited / 10));
const keepLines = 500;
/** How often events are read while a pod does not start; milliseconds. */
const lookEvery = 2_000;

/**
 * Creates a Job, or finds it where the same one was created before (a retry after a crash), gives each new
 * line of its log, and answers when it has ended, well or not. On abort the Job goes on: the next attempt, or
 * another worker, finds it.
 *
 * @throws Failure JobNotStarted where its pod cannot start; the Job is deleted, so that it cannot start later.
 * @throws Failure JobFailed where the Job was deleted by somebody else.
 */
export async function runJob(cluster: Cluster, job: V1Job, watch: Watch): Promise<JobEnd> {
  const namespace = job.metadata?.namespace ?? '';
  const name = nameOf(job);
  const container = job.spec?.template.spec?.containers[0]?.name ?? '';
  const uid = await createOrFind(cluster, namespace, job, watch.signal);
  const followers = new Map<string, LogFollower>();
  const heard: string[] = [];
  const onLine = (line: string) => {
    heard.push(line);
    if (heard.length > keepLines) heard.shift();
    watch.onLine?.(line);
  };
  const begin = Date.now();
  let started = false;
  let looked = 0;
  for (;;) {
    watch.signal.throwIfAborted();
    // The Job first: once it has ended, the pods read after it are in their last state.
    const now = await find(
      `read Job ${namespace}/${name}`,
      cluster.batch.readNamespacedJob({ namespace, name }),
    );
    if (now?.metadata?.uid !== uid) {
      throw new Failure(
        'JobFailed',
        `Job ${namespace}/${name} was deleted while it ran, and not by Backstep.`,
      );
    }
    const pods = await podsOfJob(cluster, namespace, name, uid);
    for (const pod of pods) {
      const state = pod.status?.containerStatuses?.find((status) => status.name === container)?.state;
      if (state?.running === undefined && state?.terminated === undefined) continue;
      started = true;
      const source = { namespace, pod: nameOf(pod), container };
      const follower = followers.get(source.pod) ?? new LogFollower(cluster, source, onLine);
      followers.set(source.pod, follower);
      await follower.follow(state.terminated !== undefined);
    }
    const ended = endOf(now);
    if (ended !== undefined) return told(cluster, now, ended, pods.at(-1), container, heard);
    const waited = Date.now() - begin;
    if (!started && waited > (watch.startWithin ?? patience) && waited > looked + lookEvery) {
      looked = waited;
      await assertStarting(cluster, now, pods, waited);
    }
    await pause(untilNextLook(waited), watch.signal);
  }
}

const born = (pod: V1Pod) => pod.metadata?.creationTimestamp?.getTime() ?? 0;

/** Pods of a Job, oldest first. Usually one; Kubernetes may rarely start a second. */
async function podsOfJob(cluster: Cluster, namespace: string, name: string, uid: string): Promise<V1Pod[]> {
  const pods = await podsOf(cluster, namespace, `batch.kubernetes.io/job-name=${name}`);
  return pods
    .filter((pod) => pod.metadata?.ownerReferences?.some((owner) => owner.uid === uid))
    .toSorted((a, b) => born(a) - born(b));
}

async function createOrFind(
  cluster: Cluster,
  namespace: string,
  job: V1Job,
  signal: AbortSignal,
): Promise<string> {
  const name = nameOf(job);
  for (;;) {
    try {
      const created = await cluster.batch.createNamespacedJob({ namespace, body: job });
      return created.metadata?.uid ?? '';
    } catch (error) {
      if (statusOf(error) === 403 && String(error).includes('exceeded quota')) {
        throw new Failure(
          'JobNotStarted',
          kubernetesFailure(error, `create Job ${namespace}/${name}`).message,
        );
      }
      if (statusOf(error) !== 409) throw kubernetesFailure(error, `create Job ${namespace}/${name}`);
    }
    const found = await find(
      `read Job ${namespace}/${name}`,
      cluster.batch.readNamespacedJob({ namespace, name }),
    );
    const ours = job.metadata?.labels?.[labels.operation];
    if (found !== undefined && found.metadata?.labels?.[labels.operation] !== ours) {
      throw new Failure(
        'JobNotStarted',
        `A Job ${namespace}/${name} exists and is not of operation ${ours}.`,
      );
    }
    if (found?.metadata?.uid !== undefined && found.metadata.deletionTimestamp === undefined)
      return found.metadata.uid;
    await pause(every.atFirst, signal);
  }
}

interface Ended {
  succeeded: boolean;
  reason?: string;
  at?: Date;
}

/** The end that the Job controller has recorded; undefined while the Job runs. */
function endOf(job: V1Job): Ended | undefined {
  for (const { type, status, reason, message, lastTransitionTime } of job.status?.conditions ?? []) {
    if (status !== 'True') continue;
    const at = lastTransitionTime && { at: lastTransitionTime };
    if (type === 'Complete') return { succeeded: true, ...at };
    if (type === 'Failed')
      return { succeeded: false, reason: [reason, message].filter(Boolean).join(': '), ...at };
  }
  return undefined;
}

async function told(
  cluster: Cluster,
  job: V1Job,
  { succeeded, reason, at }: Ended,
  pod: V1Pod | undefined,
  container: string,
  heard: string[],
): Promise<JobEnd> {
  const terminated = pod?.status?.containerStatuses?.find(({ name }) => name === container)?.state
    ?.terminated;
  const reasons = succeeded
    ? []
    : [pod && troubleOf(pod), reason].filter((text) => text !== undefined && text !== '');
  // Read whole once more: while it was followed, a long line may have come in parts.
  const text =
    pod &&
    (await readLog(
      cluster,
      { namespace: job.metadata?.namespace ?? '', pod: nameOf(pod), container },
      { tailLines: keepLines },
    ));
  if (text === undefined) reasons.push('the log of its pod is gone');
  const finishedAt = job.status?.completionTime ?? at;
  return {
    name: nameOf(job),
    succeeded,
    ...(terminated && { exitCode: terminated.exitCode }),
    lines: text === undefined ? heard : text.replace(/\n$/, '').split('\n').slice(-keepLines),
    ...(reasons.length > 0 && { reason: reasons.join('; ') }),
    ...(job.status?.startTime && { startedAt: job.status.startTime.toISOString() }),
    ...(finishedAt && { finishedAt: finishedAt.toISOString() }),
  };
}
