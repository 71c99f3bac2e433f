import { mkdirSync } from 'node:fs';
import { request } from 'node:http';
import type { Part } from '../part.ts';
import { inState } from '../paths.ts';
import { listens } from '../process.ts';
import { freePort, portOf } from '../state.ts';
import type { Network, State } from '../state.ts';
import { answers, apiServer } from './api.ts';
import { certificate, key } from './certificates.ts';
import { writeKubeconfig } from './kubeconfig.ts';
import { program } from './names.ts';

const loopback = '127.0.0.1';

/** etcd on loopback, TLS with client certificates; without fsync, for the cluster is a throw-away one. */
export function etcd(state: State): Part {
  return {
    name: 'etcd',
    readyWithinSeconds: 30,
    prepare: async () => {
      mkdirSync(inState('etcd'), { recursive: true, mode: 0o700 });
      const clients = `https://${loopback}:${await freePort(state, 'etcd', loopback)}`;
      const peers = `http://${loopback}:${await freePort(state, 'etcd-peers', loopback)}`;
      return {
        program: program('etcd'),
        args: [
          '--name=lab',
          `--data-dir=${inState('etcd')}`,
          '--unsafe-no-fsync',
          '--logger=zap',
          '--log-level=warn',
          `--listen-client-urls=${clients}`,
          `--advertise-client-urls=${clients}`,
          `--listen-peer-urls=${peers}`,
          `--initial-advertise-peer-urls=${peers}`,
          `--initial-cluster=lab=${peers}`,
          '--client-cert-auth',
          `--trusted-ca-file=${certificate('ca')}`,
          `--cert-file=${certificate('loopback')}`,
          `--key-file=${key('loopback')}`,
        ],
      };
    },
    // The API server's own readiness asks etcd; a socket in this process's hands is enough here.
    healthy: async ({ pid }) => listens(pid, portOf(state, 'etcd')),
  };
}

/** The API server on the bridge's address, where the host, the kubelet and the pods reach it alike. */
export function kubeApiServer(state: State, network: Network): Part {
  return {
    name: 'kube-apiserver',
    readyWithinSeconds: 60,
    prepare: async () => {
      const port = await freePort(state, 'kube-apiserver', network.address);
      return {
        program: program('kube-apiserver'),
        args: [
          `--bind-address=${network.address}`,
          `--advertise-address=${network.address}`,
          `--secure-port=${port}`,
          `--etcd-servers=https://${loopback}:${portOf(state, 'etcd')}`,
          `--etcd-cafile=${certificate('ca')}`,
          `--etcd-certfile=${certificate('loopback')}`,
          `--etcd-keyfile=${key('loopback')}`,
          `--tls-cert-file=${certificate('apiserver')}`,
          `--tls-private-key-file=${key('apiserver')}`,
          `--client-ca-file=${certificate('ca')}`,
          '--authorization-mode=Node,RBAC',
          '--allow-privileged=true',
          `--kubelet-certificate-authority=${certificate('ca')}`,
          `--kubelet-client-certificate=${certificate('apiserver-to-kubelet')}`,
          `--kubelet-client-key=${key('apiserver-to-kubelet')}`,
          '--kubelet-preferred-address-types=InternalIP',
          `--service-cluster-ip-range=${network.services}`,
          '--profiling=false',
          '--service-account-issuer=https://kubernetes.default.svc',
          `--service-account-key-file=${certificate('service-accounts')}`,
          `--service-account-signing-key-file=${key('service-accounts')}`,
        ],
      };
    },
    healthy: async ({ pid }) =>
      listens(pid, portOf(state, 'kube-apiserver')) && (await answers(state, network, '/readyz')),
  };
}

/** The controllers: Deployments, Jobs, CronJobs, garbage collection, service accounts, volumes. */
export function kubeControllerManager(state: State, network: Network): Part {
  return follower(state, network, 'kube-controller-manager', 'controller-manager', [
    '--kube-api-qps=200',
    '--kube-api-burst=400',
    '--use-service-account-credentials',
    // A claim that is seen before its volume is bound at the next look; the default is 15 s.
    '--pvclaimbinder-sync-period=1s',
    `--root-ca-file=${certificate('ca')}`,
    `--service-account-private-key-file=${key('service-accounts')}`,
  ]);
}

export function kubeScheduler(state: State, network: Network): Part {
  return follower(state, network, 'kube-scheduler', 'scheduler', [
    '--kube-api-qps=200',
    '--kube-api-burst=400',
  ]);
}

/** What the controller manager and the scheduler have in common. */
function follower(state: State, network: Network, name: string, user: string, flags: string[]): Part {
  return {
    name,
    readyWithinSeconds: 60,
    prepare: async () => {
      const kubeconfig = writeKubeconfig(user, apiServer(state, network));
      return {
        program: program(name),
        args: [
          `--kubeconfig=${kubeconfig}`,
          `--authentication-kubeconfig=${kubeconfig}`,
          `--authorization-kubeconfig=${kubeconfig}`,
          '--leader-elect=false',
          `--bind-address=${loopback}`,
          `--secure-port=${await freePort(state, name, loopback)}`,
          `--tls-cert-file=${certificate('loopback')}`,
          `--tls-private-key-file=${key('loopback')}`,
          ...flags,
        ],
      };
    },
    healthy: async ({ pid }) => listens(pid, portOf(state, name)),
  };
}

/** Whether an HTTP health endpoint on loopback says 200. Never throws. */
export const saysHealthy = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const asking = request(
      { host: loopback, port, path: '/healthz', agent: false, timeout: 2000 },
      (response) => {
        response.resume();
        resolve(response.statusCode === 200);
      },
    );
    asking.on('timeout', () => asking.destroy());
    asking.on('error', () => resolve(false));
    asking.end();
  });
