import { chownSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { execa } from 'execa';
import { parse } from 'yaml';
import type { Lab } from './lab.ts';

/** What a cluster operator prepares once for a service that Backstep may roll back. */
export interface Site {
  namespace: string;
  directory: string;
  /** Kubeconfig of Backstep's own ServiceAccount: the rights of deploy/rbac.yaml and no others. */
  kubeconfig: string;
}

/** User of Backstep's job image. */
export const jobUser = 10_001;

const root = new URL('..', import.meta.url).pathname;

/** Runs the lab's kubectl as administrator. */
export async function kubectl(lab: Lab, args: string[], input?: string): Promise<string> {
  const { stdout } = await execa(
    lab.kubernetes.kubectl,
    ['--kubeconfig', lab.kubernetes.kubeconfig, ...args],
    {
      input: input ?? '',
    },
  );
  return stdout;
}

/**
 * Gives Backstep its rights in a namespace and a volume for backups, as the README tells an operator to.
 * Can run again.
 */
export async function prepareSite(lab: Lab, namespace: string, directory: string): Promise<Site> {
  mkdirSync(directory, { recursive: true });
  // A hostPath belongs to root, and fsGroup does not reach it.
  mkdirSync(backupDirectory(namespace), { recursive: true });
  chownSync(backupDirectory(namespace), jobUser, jobUser);
  await kubectl(lab, ['apply', '-f', join(root, 'deploy/rbac.yaml')]);
  const role = readFileSync(join(root, 'deploy/rbac-service.yaml'), 'utf8');
  const objects = [...backupClaim(namespace), extensionAdmin(lab)].map((object) => JSON.stringify(object));
  await kubectl(lab, ['apply', '--namespace', namespace, '-f', '-'], [role, ...objects].join('\n---\n'));
  const kubeconfig = join(directory, 'kubeconfig');
  writeFileSync(kubeconfig, await ownKubeconfig(lab), { mode: 0o600 });
  return { namespace, directory, kubeconfig };
}

async function ownKubeconfig(lab: Lab): Promise<string> {
  const token = await kubectl(lab, ['create', 'token', 'backstep', '-n', 'backstep', '--duration=8h']);
  const admin = parse(readFileSync(lab.kubernetes.kubeconfig, 'utf8')) as {
    clusters: { name: string; cluster: object }[];
  };
  const cluster = admin.clusters[0];
  if (cluster === undefined) throw new Error("the lab's kubeconfig names no cluster");
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [cluster],
    users: [{ name: 'backstep', user: { token } }],
    contexts: [{ name: 'backstep', context: { cluster: cluster.name, user: 'backstep' } }],
    'current-context': 'backstep',
  });
}

/** vector is not a trusted extension, so a scratch or restored database gets it from a superuser. */
const extensionAdmin = (lab: Lab): object => ({
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: { name: 'backstep-extensions' },
  stringData: { DATABASE_URL: lab.postgres.superuserUrl },
});

/** A volume for backups: a directory of the node, since the lab has no provisioner. */
function backupClaim(namespace: string): object[] {
  const name = `backups-${namespace}`;
  const storage = { requests: { storage: '10Gi' } };
  return [
    {
      apiVersion: 'v1',
      kind: 'PersistentVolume',
      metadata: { name },
      spec: {
        capacity: { storage: '10Gi' },
        accessModes: ['ReadWriteOnce'],
        persistentVolumeReclaimPolicy: 'Retain',
        storageClassName: '',
        claimRef: { namespace, name: 'backstep-backups' },
        hostPath: { path: backupDirectory(namespace), type: 'Directory' },
      },
    },
    {
      apiVersion: 'v1',
      kind: 'PersistentVolumeClaim',
      metadata: { name: 'backstep-backups' },
      spec: { accessModes: ['ReadWriteOnce'], storageClassName: '', volumeName: name, resources: storage },
    },
  ];
}

/** Where a namespace's backups lie on the lab's node. */
export const backupDirectory = (namespace: string) => `/var/lib/backstep-lab/backups/${namespace}`;

/** Undoes `prepareSite`, apart from the rights shared by all. */
export async function removeSite(lab: Lab, namespace: string): Promise<void> {
  await kubectl(lab, ['delete', 'pv', `backups-${namespace}`, '--ignore-not-found', '--wait=false']);
}

/** Waits until an earlier installation is gone: a namespace of the same name cannot be made before. */
export async function waitForNamespaceGone(lab: Lab, namespace: string): Promise<void> {
  await kubectl(lab, ['delete', 'namespace', namespace, '--ignore-not-found', '--timeout=120s']);
}
