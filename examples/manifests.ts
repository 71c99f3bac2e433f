import type { KubernetesObject, V1Job, V1PodTemplateSpec } from '@kubernetes/client-node';

/** The variable in which every program of the examples finds its database. */
export const databaseUrl = (secret: string) => ({
  name: 'DATABASE_URL',
  valueFrom: { secretKeyRef: { name: secret, key: 'DATABASE_URL' } },
});

/** Secrets with a database URL each: the application's, and Backstep's own. */
export function secrets(namespace: string, urls: Record<string, string>): KubernetesObject[] {
  return Object.entries(urls).map(([name, url]) => ({
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name, namespace },
    stringData: { DATABASE_URL: url },
  }));
}

/** A Job that runs one command in an image of the application. */
export function job(
  namespace: string,
  name: string,
  image: string,
  command: string[],
  secret: string,
): V1Job {
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: { name, namespace, labels: { app: name } },
    spec: { backoffLimit: 0, template: pod(name, image, command, secret) },
  };
}

/** One container that runs once. */
export function pod(name: string, image: string, command: string[], secret: string): V1PodTemplateSpec {
  return {
    metadata: { labels: { app: name } },
    spec: {
      automountServiceAccountToken: false,
      restartPolicy: 'Never',
      terminationGracePeriodSeconds: 10,
      containers: [
        {
          name: 'job',
          image,
          imagePullPolicy: 'IfNotPresent',
          command,
          env: [databaseUrl(secret)],
          resources: { requests: { cpu: '10m', memory: '48Mi' } },
        },
      ],
    },
  };
}
