import type { V1EnvVar, V1Job, V1Volume, V1VolumeMount } from '@kubernetes/client-node';
import { labels, type OperationId } from '../domain/names.ts';
import type { SecretReference } from '../domain/definition/secret-reference.ts';
import { find } from './answer.ts';
import type { Cluster } from './cluster.ts';

export interface BackstepJob {
  name: string;
  namespace: string;
  operation: OperationId;
  step: string;
  /** Backstep's job image. */
  image: string;
  /** Which program of src/job.ts, and its arguments. */
  program: string;
  arguments: object;
  /** Secret with DATABASE_URL and ADMIN_URL; absent where the program needs no database. */
  secret?: string;
  /** The application's own Secret, for what a person runs after the operation's Secrets are gone. */
  databaseUrl?: SecretReference;
  /** How it reaches the place of the dumps. */
  access: PodAccess;
  serviceAccount?: string | undefined;
  deadlineSeconds: number;
}

/** What a pod is given besides. */
export interface PodAccess {
  env: V1EnvVar[];
  volumes: V1Volume[];
  mounts: V1VolumeMount[];
}

/** User of deploy/Dockerfile. */
const user = 10_001;

/**
 * A Job in Backstep's own image, with what reaches the dumps and nothing of the application: it fulfils the
 * restricted Pod Security Standard, and has no token of the cluster.
 */
export function backstepJob(job: BackstepJob): V1Job {
  const { name, namespace, image, program, secret, access, serviceAccount, deadlineSeconds } = job;
  const metadata = { labels: { [labels.operation]: job.operation, [labels.step]: job.step } };
  const connections = [
    ...(secret === undefined ? [] : ['DATABASE_URL', 'ADMIN_URL'].map((key) => from(key, { secret, key }))),
    ...(job.databaseUrl === undefined ? [] : [from('DATABASE_URL', job.databaseUrl)]),
  ];
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: { ...metadata, name, namespace },
    spec: {
      backoffLimit: 0,
      activeDeadlineSeconds: deadlineSeconds,
      template: {
        metadata,
        spec: {
          restartPolicy: 'Never',
          terminationGracePeriodSeconds: 5,
          automountServiceAccountToken: false,
          ...(serviceAccount !== undefined && { serviceAccountName: serviceAccount }),
          securityContext: {
            runAsNonRoot: true,
            runAsUser: user,
            runAsGroup: user,
            fsGroup: user,
            // A volume full of dumps is not walked through each time.
            fsGroupChangePolicy: 'OnRootMismatch',
            seccompProfile: { type: 'RuntimeDefault' },
          },
          containers: [
            {
              name: 'backstep',
              image,
              imagePullPolicy: 'IfNotPresent',
              command: ['node', '/backstep/job.js', program],
              env: [
                { name: 'BACKSTEP_JOB', value: JSON.stringify(job.arguments) },
                ...connections,
                ...access.env,
              ],
              securityContext: {
                allowPrivilegeEscalation: false,
                readOnlyRootFilesystem: true,
                capabilities: { drop: ['ALL'] },
              },
              resources: { requests: { cpu: '100m', memory: '128Mi' } },
              volumeMounts: [...access.mounts, { name: 'tmp', mountPath: '/tmp' }],
            },
          ],
          volumes: [...access.volumes, { name: 'tmp', emptyDir: {} }],
        },
      },
    },
  };
}

const from = (name: string, { secret, key }: SecretReference): V1EnvVar => ({
  name,
  valueFrom: { secretKeyRef: { name: secret, key } },
});

/** The Job of that name, ended or not; undefined where there is none. */
export async function readJob(cluster: Cluster, namespace: string, name: string): Promise<V1Job | undefined> {
  return find(`read Job ${namespace}/${name}`, cluster.batch.readNamespacedJob({ namespace, name }));
}
