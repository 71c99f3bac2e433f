import { readFile } from 'node:fs/promises';
import { setTimeout as pause } from 'node:timers/promises';

import {
  ApiException,
  AppsV1Api,
  BatchV1Api,
  CoreV1Api,
  KubeConfig,
  KubernetesObjectApi,
  PatchStrategy,
  setHeaderOptions,
  type KubernetesObject,
  type V1Pod,
} from '@kubernetes/client-node';

import type { Lab } from '../lab/lab.ts';

/** What the examples do to the lab's cluster, as a deployment pipeline would. */
export class Cluster {
  readonly core: CoreV1Api;
  readonly apps: AppsV1Api;
  readonly batch: BatchV1Api;
  private readonly objects: KubernetesObjectApi;

  private constructor(config: KubeConfig) {
    this.core = config.makeApiClient(CoreV1Api);
    this.apps = config.makeApiClient(AppsV1Api);
    this.batch = config.makeApiClient(BatchV1Api);
    this.objects = KubernetesObjectApi.makeApiClient(config);
  }

  static async of(lab: Lab): Promise<Cluster> {
    const config = new KubeConfig();
    config.loadFromString(await readFile(lab.kubernetes.kubeconfig, 'utf8'));
    return new Cluster(config);
  }

  /** A fresh one: a namespace of this name is removed first, such as that of an installation cut short. */
  async createNamespace(name: string): Promise<void> {
    await this.deleteNamespace(name);
    await until(`end of the earlier namespace ${name}`, 90, async () => {
      const { items } = await this.core.listNamespace({ fieldSelector: `metadata.name=${name}` });
      return items.length === 0;
    });
    await this.core.createNamespace({ body: { metadata: { name } } });
    // A pod created before its service account exists is refused and tried again only seconds later.
    await until(`service account of namespace ${name}`, 30, async () => {
      const accounts = await this.core.listNamespacedServiceAccount({ namespace: name });
      return accounts.items.some((account) => account.metadata?.name === 'default');
    });
  }

  async deleteNamespace(name: string): Promise<void> {
    await this.core.deleteNamespace({ name }).catch(unlessStatus(404));
  }

  async create(objects: KubernetesObject[]): Promise<void> {
    await Promise.all(objects.map((object) => this.objects.create(object)));
  }

  /** Waits until a Job is complete; a failed one is an error with what its pods said. */
  async jobDone(namespace: string, name: string, seconds = 300): Promise<string> {
    await until(`Job ${namespace}/${name}`, seconds, async () => {
      const job = await this.batch.readNamespacedJob({ namespace, name });
      if (job.status?.failed) {
        throw new Error(`Job ${namespace}/${name} failed:\n${await this.jobLog(namespace, name)}`);
      }
      return Boolean(job.status?.succeeded);
    });
    return this.jobLog(namespace, name);
  }

  /** With its pods, whether it exists or not. */
  async deleteJob(namespace: string, name: string): Promise<void> {
    await this.batch
      .deleteNamespacedJob({ namespace, name, propagationPolicy: 'Background' })
      .catch(unlessStatus(404));
  }

  private async jobLog(namespace: string, job: string): Promise<string> {
    const pods = await this.pods(namespace, `batch.kubernetes.io/job-name=${job}`);
    const logs = pods.map((pod) =>
      this.core.readNamespacedPodLog({ namespace, name: pod.metadata?.name ?? '' }).catch(String),
    );
    return (await Promise.all(logs)).join('\n');
  }

  async pods(namespace: string, labelSelector: string): Promise<V1Pod[]> {
    return (await this.core.listNamespacedPod({ namespace, labelSelector })).items;
  }

  async deploymentReady(namespace: string, name: string, seconds = 90): Promise<void> {
    await until(`Deployment ${namespace}/${name}`, seconds, async () => {
      const { spec, status, metadata } = await this.apps.readNamespacedDeployment({ namespace, name });
      return (
        status?.observedGeneration === metadata?.generation &&
        (status?.updatedReplicas ?? 0) === spec?.replicas &&
        (status?.readyReplicas ?? 0) === spec?.replicas
      );
    });
  }

  async setImage(
    kind: 'Deployment' | 'CronJob',
    namespace: string,
    name: string,
    image: string,
  ): Promise<void> {
    const json = setHeaderOptions('Content-Type', PatchStrategy.JsonPatch);
    const template = kind === 'Deployment' ? '/spec/template' : '/spec/jobTemplate/spec/template';
    const body = [{ op: 'replace', path: `${template}/spec/containers/0/image`, value: image }];
    if (kind === 'Deployment') await this.apps.patchNamespacedDeployment({ namespace, name, body }, json);
    else await this.batch.patchNamespacedCronJob({ namespace, name, body }, json);
  }

  async scale(namespace: string, deployment: string, replicas: number): Promise<void> {
    const merge = setHeaderOptions('Content-Type', PatchStrategy.MergePatch);
    await this.apps.patchNamespacedDeploymentScale(
      { namespace, name: deployment, body: { spec: { replicas } } },
      merge,
    );
  }
}

/** Polls five times a second; an error of `state` ends the wait. */
export async function until(what: string, seconds: number, state: () => Promise<boolean>): Promise<void> {
  const end = Date.now() + seconds * 1000;
  while (!(await state())) {
    if (Date.now() > end) throw new Error(`${what}: not there after ${seconds} s`);
    await pause(200);
  }
}

function unlessStatus(...expected: number[]): (error: unknown) => void {
  return (error) => {
    if (!(error instanceof ApiException && expected.includes(error.code))) throw error;
  };
}
