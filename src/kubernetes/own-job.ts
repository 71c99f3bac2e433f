import type { V1Job } from '@kubernetes/client-node';
import { labels, type OperationId } from '../runbook/names.ts';
import { find } from './answer.ts';
import type { Cluster } from './cluster.ts';

export interface OwnJob {
  name: string;
  namespace: string;
  operation: OperationId;
  step: string;
  /** Backstep's job image. */
  image: string;
  /** Which program of src/job.ts, and its arguments. */
  program: 'back-up' | 'check' | 'restore';
  arguments: object;
  /** Secret with DATABASE_URL and ADMIN_URL; absent where the program needs no database. */
  secret?: string;
  /** PersistentVolumeClaim with the dumps. */
  claim: string;
  serviceAccount?: string | undefined;
  deadlineSeconds: number;
}

/** User of deploy/Dockerfile. */
const user = 10_001;

/**
 * A Job in Backstep's own image, with the backup volume and nothing of the application: it fulfils the
 * restricted Pod Security Standard, and has no token of the cluster.
 */
export function ownJob(wish: OwnJob): V1Job {
  const { name, namespace, image, program, secret, claim, serviceAccount, deadlineSeconds } = wish;
  const metadata = { labels: { [labels.operation]: wish.operation, [labels.step]: wish.step } };
  const connections = (secret === undefined ? [] : ['DATABASE_URL', 'ADMIN_URL']).map((key) => ({
    name: key,
    valueFrom: { secretKeyRef: { name: secret ?? '', key } },
  }));
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
              env: [{ name: 'BACKSTEP_JOB', value: JSON.stringify(wish.arguments) }, ...connections],
              securityContext: {
                allowPrivilegeEscalation: false,
                readOnlyRootFilesystem: true,
                capabilities: { drop: ['ALL'] },
              },
              resources: { requests: { cpu: '100m', memory: '128Mi' } },
              volumeMounts: [
                { name: 'backups', mountPath: '/backups' },
                { name: 'tmp', mountPath: '/tmp' },
              ],
            },
          ],
          volumes: [
            { name: 'backups', persistentVolumeClaim: { claimName: claim } },
            { name: 'tmp', emptyDir: {} },
          ],
        },
      },
    },
  };
}

/** The Job of that name, ended or not; undefined where there is none. */
export async function readJob(cluster: Cluster, namespace: string, name: string): Promise<V1Job | undefined> {
  return find(`read Job ${namespace}/${name}`, cluster.batch.readNamespacedJob({ namespace, name }));
}
