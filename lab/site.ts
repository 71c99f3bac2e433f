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

/** Runs the lab's `temporal`. */
export async function temporalCommand(lab: Lab, args: string[]): Promise<string> {
  return (await execa(lab.temporal.cli, [...args, '--address', lab.temporal.address])).stdout;
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
  account ??= ownKubeconfig(lab).catch((error: unknown) => {
    account = undefined;
    throw error;
  });
  const ours = await account;
  const role = readFileSync(join(root, 'deploy/rbac-service.yaml'), 'utf8');
  const objects = [...backupClaim(namespace), extensionAdmin(lab)].map((object) => JSON.stringify(object));
  await kubectl(lab, ['apply', '--namespace', namespace, '-f', '-'], [role, ...objects].join('\n---\n'));
  const kubeconfig = join(directory, 'kubeconfig');
  writeFileSync(kubeconfig, ours, { mode: 0o600 });
  return { namespace, directory, kubeconfig };
}

/** Backstep's ServiceAccount is the whole cluster's: made, and its token taken, once by each process. */
let account: Promise<string> | undefined;

async function ownKubeconfig(lab: Lab): Promise<string> {
  await kubectl(lab, ['apply', '-f', join(root, 'deploy/rbac.yaml')]);
  // A playground may stay up for days.
  const token = await kubectl(lab, ['create', 'token', 'backstep', '-n', 'backstep', '--duration=720h']);
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

/** Removes a namespace with its volume for backups, and returns when both are gone: only then can they be made again. */
export async function removeNamespace(lab: Lab, namespace: string): Promise<void> {
  const gone = ['--ignore-not-found', '--timeout=120s'];
  await kubectl(lab, ['delete', 'namespace', namespace, ...gone]);
  await kubectl(lab, ['delete', 'pv', `backups-${namespace}`, ...gone]);
}

/** Removes what Backstep keeps in the cluster about the operations on a database. */
export async function removeRecord(lab: Lab, database: string): Promise<void> {
  const records = ['configmaps', '-n', 'backstep', '-l', 'backstep.dev/record=true'];
  const { items } = JSON.parse(await kubectl(lab, ['get', ...records, '-o', 'json'])) as {
    items: { metadata: { name: string; annotations?: Record<string, string> } }[];
  };
  for (const { metadata } of items)
    if (metadata.annotations?.['backstep.dev/database'] === database)
      await kubectl(lab, ['delete', 'configmap', metadata.name, '-n', 'backstep', '--ignore-not-found']);
}
