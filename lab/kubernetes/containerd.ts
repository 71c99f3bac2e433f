import { mkdirSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { command } from '../command.ts';
import type { Part } from '../part.ts';
import { inState } from '../paths.ts';
import type { Network } from '../state.ts';

export const containerdSocket = inState('containerd', 'containerd.sock');
export const pauseImage = 'localhost/backstep-lab-pause:1';

/** Runs containerd's client in the namespace in which the kubelet keeps pods and images. */
export const ctr = (...args: string[]): Promise<string> =>
  command('ctr', ['--address', containerdSocket, '--namespace', 'k8s.io', ...args]);

/** Own root, state and sockets: a containerd of the machine (Docker's) is neither used nor disturbed. */
const configuration = `version = 2
root = "${inState('containerd', 'root')}"
state = "${inState('containerd', 'state')}"
disabled_plugins = ["io.containerd.internal.v1.tracing", "io.containerd.snapshotter.v1.btrfs", "io.containerd.snapshotter.v1.zfs", "io.containerd.snapshotter.v1.devmapper", "io.containerd.snapshotter.v1.aufs"]

[grpc]
address = "${containerdSocket}"

[plugins."io.containerd.internal.v1.opt"]
path = "${inState('containerd', 'opt')}"

[plugins."io.containerd.grpc.v1.cri"]
sandbox_image = "${pauseImage}"
disable_apparmor = true
restrict_oom_score_adj = true
stream_server_address = "127.0.0.1"
stream_server_port = "0"
netns_mounts_under_state_dir = true

[plugins."io.containerd.grpc.v1.cri".containerd]
snapshotter = "overlayfs"
default_runtime_name = "runc"

[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
runtime_type = "io.containerd.runc.v2"

[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
SystemdCgroup = false

[plugins."io.containerd.grpc.v1.cri".cni]
bin_dir = "/usr/lib/cni"
conf_dir = "${inState('containerd', 'cni')}"
`;

/** Pods hang on the lab's bridge; they reach this machine and one another, not the outside. */
const cni = (network: Network) => ({
  cniVersion: '0.4.0',
  name: 'backstep-lab',
  plugins: [
    {
      type: 'bridge',
      bridge: network.bridge,
      isDefaultGateway: true,
      hairpinMode: true,
      ipam: {
        type: 'host-local',
        dataDir: inState('containerd', 'addresses'),
        ranges: [[{ subnet: network.pods, gateway: network.address }]],
      },
    },
  ],
});

export function containerd(network: Network): Part {
  return {
    name: 'containerd',
    readyWithinSeconds: 30,
    prepare: async () => {
      mkdirSync(inState('containerd', 'cni'), { recursive: true });
      writeFileSync(inState('containerd', 'config.toml'), configuration);
      writeFileSync(
        inState('containerd', 'cni', '10-backstep-lab.conflist'),
        JSON.stringify(cni(network), undefined, 2),
      );
      return {
        program: 'containerd',
        args: ['--config', inState('containerd', 'config.toml'), '--log-level', 'warn'],
      };
    },
    // Its socket lies in a directory of our own, so whoever answers there is ours.
    healthy: () => accepts(containerdSocket),
  };
}

const accepts = (path: string): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(path);
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
