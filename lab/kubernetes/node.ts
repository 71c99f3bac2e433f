import { mkdirSync, statSync } from 'node:fs';
import { stringify } from 'yaml';
import type { Part } from '../part.ts';
import { inState } from '../paths.ts';
import { listens } from '../process.ts';
import { freePort, portOf, writePrivately } from '../state.ts';
import type { Network, State } from '../state.ts';
import { apiServer, ask } from './api.ts';
import { certificate, key } from './certificates.ts';
import { makeCgroups, podsCgroup } from './cgroups.ts';
import { containerdSocket } from './containerd.ts';
import { saysHealthy } from './control-plane.ts';
import { writeKubeconfig } from './kubeconfig.ts';
import { nodeName, program } from './names.ts';

const kubeletConfiguration = (network: Network, port: number, health: number) => ({
  apiVersion: 'kubelet.config.k8s.io/v1beta1',
  kind: 'KubeletConfiguration',
  address: network.address,
  port,
  readOnlyPort: 0,
  healthzBindAddress: '127.0.0.1',
  healthzPort: health,
  authentication: {
    anonymous: { enabled: false },
    webhook: { enabled: true },
    x509: { clientCAFile: certificate('ca') },
  },
  authorization: { mode: 'Webhook' },
  tlsCertFile: certificate('kubelet'),
  tlsPrivateKeyFile: key('kubelet'),
  containerRuntimeEndpoint: `unix://${containerdSocket}`,
  cgroupDriver: 'cgroupfs',
  cgroupRoot: podsCgroup,
  failCgroupV1: false,
  failSwapOn: false,
  // A full disk or little memory on a developer's machine must not throw the rollback's pods out.
  evictionHard: Object.fromEntries(
    [
      'memory.available',
      'nodefs.available',
      'nodefs.inodesFree',
      'imagefs.available',
      'imagefs.inodesFree',
    ].map((signal) => [signal, '0%']),
  ),
  imageGCHighThresholdPercent: 100,
  // With the default, the first mount of a ConfigMap or Secret fails and is tried again a second later.
  configMapAndSecretChangeDetectionStrategy: 'Get',
  makeIPTablesUtilChains: false,
  podLogsDir: inState('pod-logs'),
  volumePluginDir: inState('kubelet', 'volume-plugins'),
  resolvConf: '',
  serializeImagePulls: false,
  kubeAPIQPS: 200,
  kubeAPIBurst: 400,
});

export function kubelet(state: State, network: Network): Part {
  return {
    name: 'kubelet',
    readyWithinSeconds: 60,
    prepare: async () => {
      makeCgroups();
      for (const directory of ['kubelet', 'pod-logs']) mkdirSync(inState(directory), { recursive: true });
      const port = await freePort(state, 'kubelet', network.address);
      const health = await freePort(state, 'kubelet-health', '127.0.0.1');
      const configuration = inState('kubernetes', 'kubelet.yaml');
      writePrivately(configuration, stringify(kubeletConfiguration(network, port, health)));
      return {
        program: program('kubelet'),
        args: [
          `--config=${configuration}`,
          `--root-dir=${inState('kubelet')}`,
          `--node-ip=${network.address}`,
          `--kubeconfig=${writeKubeconfig('kubelet', apiServer(state, network))}`,
          `--cert-dir=${inState('kubelet', 'pki')}`,
          `--hostname-override=${nodeName}`,
        ],
      };
    },
    healthy: async ({ pid }) =>
      listens(pid, portOf(state, 'kubelet')) && (await isNodeReady(state, network, startedAfter())),
  };
}

/** The kubelet's configuration is written just before it starts: a Ready older than that was said by its predecessor. */
const startedAfter = (): number =>
  Math.floor(statSync(inState('kubernetes', 'kubelet.yaml')).mtimeMs / 1000) * 1000;

/** Whether the node says Ready, and has said so since the given time in milliseconds. Never throws. */
async function isNodeReady(state: State, network: Network, since: number): Promise<boolean> {
  try {
    const { status, body } = await ask(state, network, `/api/v1/nodes/${nodeName}`);
    return status === 200 && readySince(body, since);
  } catch {
    return false;
  }
}

/** Reads a Node as JSON. */
export function readySince(node: string, since: number): boolean {
  const { status } = JSON.parse(node) as {
    status?: { conditions?: { type: string; status: string; lastHeartbeatTime?: string }[] };
  };
  const ready = status?.conditions?.find(({ type }) => type === 'Ready');
  return ready?.status === 'True' && Date.parse(ready.lastHeartbeatTime ?? '') >= since;
}

const proxyConfiguration = (network: Network, kubeconfig: string, health: number, metrics: number) => ({
  apiVersion: 'kubeproxy.config.k8s.io/v1alpha1',
  kind: 'KubeProxyConfiguration',
  clientConnection: { kubeconfig },
  mode: 'iptables',
  clusterCIDR: network.pods,
  hostnameOverride: nodeName,
  bindAddress: network.address,
  healthzBindAddress: `127.0.0.1:${health}`,
  metricsBindAddress: `127.0.0.1:${metrics}`,
  // A NodePort opens on the bridge, never on an address that others can reach.
  nodePortAddresses: [`${network.address}/32`],
  // Answers come back through this machine even where the kernel does not show bridged packets to iptables.
  iptables: { masqueradeAll: true, localhostNodePorts: false },
  // Zero leaves the machine's own connection-tracking settings alone.
  conntrack: {
    maxPerCore: 0,
    min: 0,
    tcpEstablishedTimeout: '0s',
    tcpCloseWaitTimeout: '0s',
    udpTimeout: '0s',
    udpStreamTimeout: '0s',
  },
});

export function kubeProxy(state: State, network: Network): Part {
  return {
    name: 'kube-proxy',
    readyWithinSeconds: 30,
    prepare: async () => {
      const health = await freePort(state, 'kube-proxy-health', '127.0.0.1');
      const metrics = await freePort(state, 'kube-proxy-metrics', '127.0.0.1');
      const kubeconfig = writeKubeconfig('kube-proxy', apiServer(state, network));
      const configuration = inState('kubernetes', 'kube-proxy.yaml');
      writePrivately(configuration, stringify(proxyConfiguration(network, kubeconfig, health, metrics)));
      return { program: program('kube-proxy'), args: [`--config=${configuration}`] };
    },
    healthy: async ({ pid }) => {
      const port = portOf(state, 'kube-proxy-health');
      return listens(pid, port) && (await saysHealthy(port));
    },
  };
}
