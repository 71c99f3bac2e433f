import type { KubernetesObject, V1CronJob, V1Deployment } from '@kubernetes/client-node';

import { image } from '../../lab/image.ts';
import type { Lab } from '../../lab/lab.ts';
import { Cluster } from '../cluster.ts';
import { createDatabase, dropDatabase } from '../database.ts';
import { databaseUrl, job, pod, secrets } from '../manifests.ts';
import { recipes } from './images.ts';

/** A service on optuna as it stands in the lab; the fields are those of `Radar`. */
export interface Studies {
  namespace: string;
  database: string;
  owner: string;
  /** Also in Secret `optuna-database`, key `DATABASE_URL`. */
  databaseUrl: string;
  /** Also in Secret `backstep-admin`, key `DATABASE_URL`. */
  adminUrl: string;
  images: { old: string; new: string };
}

const databaseSecret = 'optuna-database';
const studies = 5;
/** A trial with its two parameters and its value. */
const rowsPerTrial = 4;

export interface InstallOptions {
  namespace: string;
  database: string;
  /** Rows in all tables together, about; optuna itself writes them, some hundred a second. */
  rows?: number;
}

export const defaultRows = 800;

/** optuna 3.1.1 with a database that its own storage code made, at v3.0.0.d: 5 studies of 40 trials, Ready. */
export async function install(lab: Lab, options: InstallOptions): Promise<Studies> {
  const { namespace, database, rows = defaultRows } = options;
  const trials = Math.max(1, Math.round(rows / rowsPerTrial / studies));
  const cluster = await Cluster.of(lab);
  const images = { old: await image(lab, recipes.old), new: await image(lab, recipes.new) };
  await cluster.createNamespace(namespace);
  const key = [images.old, studies, trials].join();
  const { owner, url, adminUrl } = await createDatabase(lab, database, key, async (template) => {
    const seed = ['python3', 'study.py', 'seed', String(studies), String(trials)];
    await cluster.create(secrets(namespace, { 'optuna-seed': template }));
    await cluster.create([job(namespace, 'optuna-seed', images.old, seed, 'optuna-seed')]);
    await cluster.jobDone(namespace, 'optuna-seed', 300 + rows / 50);
    await cluster.deleteJob(namespace, 'optuna-seed');
  });
  await cluster.create(secrets(namespace, { [databaseSecret]: url, 'backstep-admin': adminUrl }));
  await cluster.create(workloads(namespace, images.old));
  await cluster.deploymentReady(namespace, 'optuna-studies');
  return { namespace, database, owner, databaseUrl: url, adminUrl, images };
}

/** optuna 5.0.0: its own command takes the database to v3.2.0.a, then the new image runs, Ready. */
export async function upgrade(lab: Lab, { namespace, images }: Studies): Promise<void> {
  const cluster = await Cluster.of(lab);
  const command = ['sh', '-c', 'optuna storage upgrade --storage "$DATABASE_URL"'];
  await cluster.create([job(namespace, 'optuna-migrate', images.new, command, databaseSecret)]);
  await cluster.jobDone(namespace, 'optuna-migrate');
  await cluster.setImage('Deployment', namespace, 'optuna-studies', images.new);
  await cluster.setImage('CronJob', namespace, 'trial-hourly', images.new);
  await cluster.deploymentReady(namespace, 'optuna-studies');
}

export async function uninstall(lab: Lab, installed: Pick<Studies, 'namespace' | 'database'>): Promise<void> {
  const cluster = await Cluster.of(lab);
  await cluster.deleteNamespace(installed.namespace);
  await dropDatabase(lab, installed.database);
}

function workloads(namespace: string, image: string): KubernetesObject[] {
  const labels = { app: 'optuna-studies' };
  const deployment: V1Deployment = {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'optuna-studies', namespace, labels },
    spec: {
      replicas: 1,
      selector: { matchLabels: labels },
      template: {
        metadata: { labels },
        spec: {
          automountServiceAccountToken: false,
          terminationGracePeriodSeconds: 10,
          containers: [
            {
              name: 'studies',
              image,
              env: [databaseUrl(databaseSecret)],
              ports: [{ containerPort: 8000 }],
              readinessProbe: {
                httpGet: { path: '/health', port: 8000 },
                periodSeconds: 1,
                timeoutSeconds: 5,
              },
            },
          ],
        },
      },
    },
  };
  const service = {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'optuna-studies', namespace },
    spec: { selector: labels, ports: [{ port: 8000, targetPort: 8000 }] },
  };
  const cronJob: V1CronJob = {
    apiVersion: 'batch/v1',
    kind: 'CronJob',
    metadata: { name: 'trial-hourly', namespace },
    spec: {
      schedule: '35 * * * *',
      concurrencyPolicy: 'Forbid',
      jobTemplate: {
        spec: {
          backoffLimit: 0,
          template: pod('trial-hourly', image, ['python3', 'study.py', 'trial'], databaseSecret),
        },
      },
    },
  };
  return [deployment, service, cronJob];
}
