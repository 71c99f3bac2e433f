import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type {
  V1CronJob,
  V1Deployment,
  V1JobSpec,
  V1PodTemplateSpec,
  V1Service,
} from '@kubernetes/client-node';
import { image } from '../../lab/image.ts';
import { current, up, type Lab } from '../../lab/lab.ts';
import { kubectl, prepareSite, removeSite } from '../../lab/site.ts';
import { connect, type Cluster } from '../../src/kubernetes/cluster.ts';

/** A namespace of its own, and Backstep's connection with the rights of deploy/rbac*.yaml and no others. */
export interface KubernetesFixture {
  lab: Lab;
  namespace: string;
  cluster: Cluster;
  /** Two releases of a small HTTP server, as two images. */
  images: { old: string; new: string };
  kubectl(...args: string[]): Promise<string>;
  apply(...objects: object[]): Promise<void>;
  remove(): Promise<void>;
}

export async function kubernetesFixture(name: string): Promise<KubernetesFixture> {
  const lab = (await current()) ?? (await up());
  const namespace = `${name}-${Date.now().toString(36).slice(-5)}`;
  const images = { old: await image(lab, recipe('1')), new: await image(lab, recipe('2')) };
  await kubectl(lab, ['create', 'namespace', namespace]);
  const site = await prepareSite(lab, namespace, mkdtempSync(join(tmpdir(), `${namespace}-`)));
  return {
    lab,
    namespace,
    cluster: connect(site.kubeconfig),
    images,
    kubectl: (...args) => kubectl(lab, ['-n', namespace, ...args]),
    apply: async (...objects) => {
      const documents = objects.map((object) => JSON.stringify(object)).join('\n---\n');
      await kubectl(lab, ['-n', namespace, 'apply', '-f', '-'], documents);
    },
    remove: async () => {
      await kubectl(lab, ['delete', 'namespace', namespace, '--wait=false']);
      await removeSite(lab, namespace);
    },
  };
}

const recipe = (release: string) => ({
  name: 'backstep-test-server',
  base: 'python' as const,
  env: { RELEASE: release },
  command: ['python3', '-m', 'http.server', '8000'],
});

/** Answers /health with 200, or with 503 where ILL is yes; /slow after 8 s; says its release when it starts. */
export const server = `
import http.server, os, signal, sys, time
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        if self.path == '/slow': time.sleep(8)
        ill = os.environ.get('ILL') == 'yes' and self.path.startswith('/health')
        self.send_response(503 if ill else 200 if self.path.startswith('/health') else 404)
        self.end_headers()
        self.wfile.write(b'{"error": "column papers.score does not exist"}' if ill else b'ok')
    def log_message(self, *args): pass
signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
print('release', os.environ['RELEASE'], flush=True)
http.server.ThreadingHTTPServer(('', 8000), Handler).serve_forever()
`;

export function template(image: string, app: string, env: Record<string, string> = {}): V1PodTemplateSpec {
  return {
    metadata: { labels: { app } },
    spec: {
      terminationGracePeriodSeconds: 5,
      containers: [
        {
          name: 'api',
          image,
          imagePullPolicy: 'IfNotPresent',
          command: ['python3', '-c', server],
          env: Object.entries(env).map(([name, value]) => ({ name, value })),
          ports: [{ containerPort: 8000 }],
          readinessProbe: { tcpSocket: { port: 8000 }, periodSeconds: 1 },
        },
      ],
    },
  };
}

export function deployment(name: string, replicas: number, of: V1PodTemplateSpec): V1Deployment {
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name },
    spec: { replicas, selector: { matchLabels: { app: name } }, template: of },
  };
}

export const service = (name: string): V1Service => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name },
  spec: { selector: { app: name }, ports: [{ port: 80, targetPort: 8000 }] },
});

export function cronJob(
  name: string,
  image: string,
  script: string,
  job: Partial<V1JobSpec> = {},
): V1CronJob {
  const container = { name: 'job', image, imagePullPolicy: 'IfNotPresent', command: ['sh', '-c', script] };
  const pod = { terminationGracePeriodSeconds: 2, restartPolicy: 'Never', containers: [container] };
  return {
    apiVersion: 'batch/v1',
    kind: 'CronJob',
    metadata: { name },
    spec: {
      schedule: '0 0 1 1 *',
      jobTemplate: { spec: { backoffLimit: 0, ...job, template: { spec: pod } } },
    },
  };
}
