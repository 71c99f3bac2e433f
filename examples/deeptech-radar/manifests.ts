import type { KubernetesObject, V1CronJob, V1Deployment, V1Service } from '@kubernetes/client-node';

import { databaseUrl, pod } from '../manifests.ts';

export const databaseSecret = 'deeptech-database';

/** The runbook's CronJobs in its order, with their usual schedules. */
export const schedules = {
  'arxiv-hourly': '5 * * * *',
  'github-hourly': '20 * * * *',
  'linking-daily': '0 2 * * *',
  'scoring-daily': '0 3 * * *',
  'opportunities-daily': '0 4 * * *',
} as const;

export type CronJobName = keyof typeof schedules;
export const cronJobNames = Object.keys(schedules) as CronJobName[];

/** What a test may want otherwise in one CronJob. */
export interface CronJobChange {
  schedule?: string;
  command?: string[];
  suspend?: boolean;
}

export interface Release {
  namespace: string;
  image: string;
  replicas: number;
  cronJobs: Partial<Record<CronJobName, CronJobChange>>;
}

/** The Deployment, its Service and the five CronJobs of one release. */
export function workloads(release: Release): KubernetesObject[] {
  return [deployment(release), service(release), ...cronJobNames.map((name) => cronJob(release, name))];
}

function deployment({ namespace, image, replicas }: Release): V1Deployment {
  const labels = { app: 'deeptech-api' };
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'deeptech-api', namespace, labels },
    spec: {
      replicas,
      selector: { matchLabels: labels },
      template: {
        metadata: { labels },
        spec: {
          automountServiceAccountToken: false,
          terminationGracePeriodSeconds: 10,
          containers: [
            {
              name: 'api',
              image,
              imagePullPolicy: 'IfNotPresent',
              env: [databaseUrl(databaseSecret)],
              ports: [{ name: 'http', containerPort: 8000 }],
              readinessProbe: {
                httpGet: { path: '/health', port: 8000 },
                periodSeconds: 1,
                timeoutSeconds: 5,
                failureThreshold: 2,
              },
              resources: { requests: { cpu: '10m', memory: '48Mi' } },
            },
          ],
        },
      },
    },
  };
}

function service({ namespace }: Release): V1Service {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'deeptech-api', namespace },
    spec: { selector: { app: 'deeptech-api' }, ports: [{ name: 'http', port: 8000, targetPort: 8000 }] },
  };
}

function cronJob({ namespace, image, cronJobs }: Release, name: CronJobName): V1CronJob {
  const change = cronJobs[name] ?? {};
  return {
    apiVersion: 'batch/v1',
    kind: 'CronJob',
    metadata: { name, namespace, labels: { app: name } },
    spec: {
      schedule: change.schedule ?? schedules[name],
      concurrencyPolicy: 'Forbid',
      suspend: change.suspend ?? false,
      jobTemplate: {
        spec: {
          backoffLimit: 0,
          template: pod(name, image, change.command ?? ['python3', '-m', 'radar.jobs', name], databaseSecret),
        },
      },
    },
  };
}
