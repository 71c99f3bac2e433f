import {
  ApiException,
  type AppsV1Api,
  type BatchV1Api,
  type CoreV1Api,
  type V1ConfigMap,
  type V1Deployment,
  type V1Job,
  type V1ObjectMeta,
  type V1Pod,
  type V1Secret,
} from '@kubernetes/client-node';
import type { Cluster } from '../src/kubernetes/cluster.ts';
import { labels } from '../src/domain/names.ts';

/** What the container of a Job is started with. */
export interface Started {
  job: string;
  step: string;
  command: string[];
  env: Record<string, string>;
}

/** How it ended; below 0 by a signal. */
export interface Ended {
  status: number;
  lines: string[];
}

export interface FakeCluster {
  cluster: Cluster;
  /** Names of the Jobs that are there, oldest first. */
  jobs(): string[];
}

/** What is told of each change, once it is made; the answer waits for it, and is lost where it rejects. */
export type Changed = (what: 'record' | 'job') => Promise<void>;

/**
 * A cluster as far as activities ask one, in memory. It refuses what an API server refuses: a second object of a name,
 * a write over another version than the one read. A Job is run by `run`, to its end, before it is answered that it
 * was made: nobody waits for a pod.
 */
export function fakeCluster(
  objects: { deployments: V1Deployment[]; secrets: Record<string, Record<string, string>> },
  run: (started: Started) => Promise<Ended>,
  changed: Changed = async () => {},
): FakeCluster {
  const maps = shelf<V1ConfigMap>('configmaps');
  const secrets = shelf<V1Secret>('secrets');
  const deployments = shelf<V1Deployment>('deployments.apps');
  const jobs = shelf<V1Job>('jobs.batch');
  const running = new Map<string, Promise<unknown>>();
  const logs = new Map<string, Ended>();
  for (const deployment of objects.deployments) deployments.create(deployment);
  for (const [name, stringData] of Object.entries(objects.secrets))
    secrets.create(encoded({ metadata: { name }, stringData }));

  const valueOf = (name: string, key: string) =>
    Buffer.from(secrets.read(name).data?.[key] ?? '', 'base64').toString('utf8');
  const start = async (job: V1Job) => {
    const name = job.metadata?.name ?? '';
    const container = job.spec?.template.spec?.containers[0];
    const env = (container?.env ?? []).map(({ name, value = '', valueFrom }) => {
      const { name: secret, key } = valueFrom?.secretKeyRef ?? {};
      return [name, secret === undefined || key === undefined ? value : valueOf(secret, key)];
    });
    const step = job.metadata?.labels?.[labels.step] ?? '';
    const ended = await run({
      job: name,
      step,
      command: container?.command ?? [],
      env: Object.fromEntries(env) as Record<string, string>,
    });
    logs.set(name, ended);
    const type = ended.status === 0 ? 'Complete' : 'Failed';
    const at = new Date();
    const conditions = [{ type, status: 'True', lastTransitionTime: at }];
    jobs.change(name, (now) => {
      now.status = { startTime: at, completionTime: at, conditions };
    });
  };

  const core: Partial<CoreV1Api> = {
    readNamespacedConfigMap: async ({ name }) => maps.read(name),
    createNamespacedConfigMap: async ({ body }) => {
      const made = maps.create(body);
      await changed('record');
      return made;
    },
    replaceNamespacedConfigMap: async ({ name, body }) => {
      const written = maps.replace(name, body);
      await changed('record');
      return written;
    },
    readNamespacedSecret: async ({ name }) => secrets.read(name),
    createNamespacedSecret: async ({ body }) => secrets.create(encoded(body)),
    replaceNamespacedSecret: async ({ name, body }) => secrets.replace(name, encoded(body)),
    deleteNamespacedSecret: async ({ name }) => (secrets.remove(name), {}),
    listNamespacedPod: async ({ labelSelector = '' }) => {
      const [key, name = ''] = labelSelector.split('=');
      const pods =
        key === 'batch.kubernetes.io/job-name' ? jobs.list().filter((job) => nameOf(job) === name) : [];
      return { items: pods.map((job) => podOf(job, logs.get(nameOf(job)))) };
    },
    readNamespacedPodLog: async ({ name, timestamps }) => {
      const lines = logs.get(name)?.lines ?? [];
      const at = timestamps === true ? '2025-11-18T03:00:00Z ' : '';
      return lines.map((line) => `${at}${line}\n`).join('');
    },
    deleteNamespacedPod: async () => ({}),
  };
  const apps: Partial<AppsV1Api> = {
    readNamespacedDeployment: async ({ name }) => deployments.read(name),
    patchNamespacedDeploymentScale: async ({ name, body }) => {
      const { replicas } = (body as { spec: { replicas: number } }).spec;
      deployments.change(name, ({ spec }) => {
        if (spec !== undefined) spec.replicas = replicas;
      });
      return {};
    },
  };
  const batch: Partial<BatchV1Api> = {
    createNamespacedJob: async ({ body }) => {
      const job = jobs.create(body);
      const ended = start(job);
      running.set(nameOf(job), ended);
      await ended;
      await changed('job');
      return jobs.read(nameOf(job));
    },
    readNamespacedJob: async ({ name }) => jobs.read(name),
    listNamespacedJob: async ({ labelSelector }) => {
      const [key = '', value] = labelSelector?.split('=') ?? [];
      const items = jobs.list().filter(({ metadata }) => key === '' || metadata?.labels?.[key] === value);
      return { items };
    },
    deleteNamespacedJob: async ({ name }) => {
      jobs.read(name);
      await running.get(name);
      jobs.remove(name);
      return {};
    },
  };
  return {
    cluster: { core, apps, batch } as unknown as Cluster,
    jobs: () => jobs.list().map(nameOf),
  };
}

const nameOf = ({ metadata }: { metadata?: V1ObjectMeta }): string => metadata?.name ?? '';

/** Objects of one kind by name, each with a version that every write changes. */
function shelf<T extends { metadata?: V1ObjectMeta }>(kind: string) {
  const all = new Map<string, T>();
  let version = 0;
  const refuse = (code: number, words: string) => {
    const message = `${kind} ${words}`;
    return new ApiException(code, message, JSON.stringify({ message }), {});
  };
  const put = (name: string, body: T, before?: T): T => {
    const kept = structuredClone(body);
    const { uid = `uid-${++version}`, creationTimestamp = new Date() } = before?.metadata ?? {};
    const metadata = { uid, creationTimestamp, resourceVersion: String(++version) };
    kept.metadata = Object.assign(kept.metadata ?? {}, metadata);
    all.set(name, kept);
    return read(name);
  };
  const read = (name: string): T => {
    const found = all.get(name);
    if (found === undefined) throw refuse(404, `"${name}" not found`);
    return structuredClone(found);
  };
  return {
    read,
    list: () => [...all.values()].map((each) => structuredClone(each)),
    create: (body: T): T => {
      const name = nameOf(body);
      if (all.has(name)) throw refuse(409, `"${name}" already exists`);
      return put(name, body);
    },
    replace: (name: string, body: T): T => {
      const found = read(name);
      const wanted = body.metadata?.resourceVersion;
      if (wanted !== undefined && wanted !== found.metadata?.resourceVersion)
        throw refuse(409, `"${name}": the object has been modified`);
      return put(name, body, found);
    },
    change: (name: string, how: (now: T) => void) => {
      const now = read(name);
      how(now);
      put(name, now, now);
    },
    remove: (name: string) => {
      read(name);
      all.delete(name);
    },
  };
}

const encoded = ({ stringData = {}, data = {}, ...secret }: V1Secret): V1Secret => ({
  ...secret,
  data: {
    ...data,
    ...Object.fromEntries(
      Object.entries(stringData).map(([key, value]) => [key, Buffer.from(value, 'utf8').toString('base64')]),
    ),
  },
});

function podOf(job: V1Job, ended: Ended | undefined): V1Pod {
  const name = nameOf(job);
  const container = job.spec?.template.spec?.containers[0]?.name ?? '';
  const state = ended === undefined ? { running: {} } : { terminated: { exitCode: Math.abs(ended.status) } };
  const status = { name: container, image: '', imageID: '', ready: false, restartCount: 0, state };
  const uid = job.metadata?.uid ?? '';
  return {
    metadata: {
      name,
      namespace: job.metadata?.namespace ?? '',
      creationTimestamp: job.metadata?.creationTimestamp ?? new Date(),
      ownerReferences: [{ apiVersion: 'batch/v1', kind: 'Job', name, uid }],
    },
    status: {
      phase: ended === undefined ? 'Running' : ended.status === 0 ? 'Succeeded' : 'Failed',
      containerStatuses: [status],
    },
  };
}
