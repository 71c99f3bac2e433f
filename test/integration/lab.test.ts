import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { stringify } from 'yaml';
import { image } from '../../lab/image.ts';
import { labFile, up } from '../../lab/lab.ts';
import type { Lab } from '../../lab/lab.ts';
import { markedIn } from '../docs.ts';

const namespace = `lab-${Date.now().toString(36).slice(-5)}`;
const volume = mkdtempSync(join(tmpdir(), 'backstep-volume-'));
let lab: Lab;
let reference: string;

const kubectl = async (args: string[], input?: object[]): Promise<string> => {
  const { stdout } = await execa(
    lab.kubernetes.kubectl,
    ['--kubeconfig', lab.kubernetes.kubeconfig, ...args],
    {
      input: (input ?? []).map((object) => stringify(object)).join('---\n'),
    },
  );
  return stdout;
};

const container = (command: string[], more: object = {}) => ({
  name: 'main',
  image: reference,
  imagePullPolicy: 'IfNotPresent',
  command,
  ...more,
});

/** Runs a script in a pod to its end and returns what it printed. */
async function inPod(name: string, script: string, pod: object = {}, more: object = {}): Promise<string> {
  const spec = { restartPolicy: 'Never', containers: [container(['bash', '-ec', script], more)], ...pod };
  await kubectl(
    ['apply', '-f', '-'],
    [
      {
        apiVersion: 'batch/v1',
        kind: 'Job',
        metadata: { name, namespace },
        spec: { backoffLimit: 0, template: { spec } },
      },
    ],
  );
  await kubectl(['-n', namespace, 'wait', '--for=condition=complete', '--timeout=90s', `job/${name}`]);
  return kubectl(['-n', namespace, 'logs', `job/${name}`]);
}

beforeAll(async () => {
  lab = await up();
  reference = await image(lab, { name: 'lab-test', base: 'python', postgresTools: true });
  await kubectl(['create', 'namespace', namespace]);
});

afterAll(async () => {
  await kubectl(['delete', 'namespace', namespace, '--wait=false']);
  await kubectl(['delete', 'persistentvolume', namespace, '--ignore-not-found', '--wait=false']);
  rmSync(volume, { recursive: true, force: true });
});

describe('the lab', () => {
  it('is left alone by a second up', async () => {
    expect(await up()).toEqual(lab);
  });

  it('keeps its passwords from everyone but root', () => {
    expect(statSync(labFile).mode & 0o777).toBe(0o600);
    expect(statSync(lab.kubernetes.kubeconfig).mode & 0o777).toBe(0o600);
  });

  it('listens on loopback and its bridge only', () => {
    const pids = Object.values(lab.processes).map(({ pid }) => `pid=${pid},`);
    const sockets = execFileSync('ss', ['-Hltnp'], { encoding: 'utf8' }).split('\n');
    const ours = sockets.filter((line) => pids.some((pid) => line.includes(pid)));
    expect(ours.length).toBeGreaterThan(8);
    for (const line of ours) {
      const [, , , address] = line.split(/\s+/);
      expect(address?.replace(/:\d+$/, '')).toBeOneOf(['127.0.0.1', lab.postgres.host]);
    }
  });

  it('gives an image the same reference while its content is the same', async () => {
    const recipe = { name: 'lab-test', base: 'python', postgresTools: true } as const;
    expect(await image(lab, recipe)).toBe(reference);
    expect(await image(lab, { ...recipe, env: { COLOUR: 'red' } })).not.toBe(reference);
  });

  it('runs a Deployment behind a Service, reached from this machine and from another pod', async () => {
    const labels = { app: 'web' };
    const probe = { httpGet: { path: '/', port: 8000 }, periodSeconds: 1 };
    const serve = container(['python3', '-m', 'http.server', '8000'], { readinessProbe: probe });
    await kubectl(
      ['-n', namespace, 'apply', '-f', '-'],
      [
        {
          apiVersion: 'apps/v1',
          kind: 'Deployment',
          metadata: { name: 'web' },
          spec: {
            replicas: 2,
            selector: { matchLabels: labels },
            template: {
              metadata: { labels },
              spec: { terminationGracePeriodSeconds: 1, containers: [serve] },
            },
          },
        },
        {
          apiVersion: 'v1',
          kind: 'Service',
          metadata: { name: 'web' },
          spec: { selector: labels, ports: [{ port: 80, targetPort: 8000 }] },
        },
      ],
    );
    await kubectl(['-n', namespace, 'rollout', 'status', 'deployment/web', '--timeout=90s']);
    const address = await kubectl([
      '-n',
      namespace,
      'get',
      'service',
      'web',
      '-o',
      'jsonpath={.spec.clusterIP}',
    ]);
    // kube-proxy writes its rules a moment after the pods are Ready; until then whoever is out there may answer.
    const answered = async () => expect((await fetch(`http://${address}/`)).status).toBe(200);
    await vi.waitFor(answered, { timeout: 30_000, interval: 300 });
    const ask = `python3 -c "import urllib.request as u; print(u.urlopen('http://${address}/').status)"`;
    expect(await inPod('ask-the-service', ask)).toBe('200');
  });

  it('lets a pod reach PostgreSQL, and keep what it writes on a volume', async () => {
    const storage = { accessModes: ['ReadWriteOnce'], storageClassName: '' };
    await kubectl(
      ['-n', namespace, 'apply', '-f', '-'],
      [
        {
          apiVersion: 'v1',
          kind: 'PersistentVolume',
          metadata: { name: namespace },
          spec: { ...storage, capacity: { storage: '1Gi' }, hostPath: { path: volume } },
        },
        {
          apiVersion: 'v1',
          kind: 'PersistentVolumeClaim',
          metadata: { name: 'kept' },
          spec: { ...storage, resources: { requests: { storage: '1Gi' } }, volumeName: namespace },
        },
      ],
    );
    await inPod(
      'dump',
      'pg_dump -Fc "$URL" > /kept/all.dump && psql "$URL" -Atc "show server_version_num" > /kept/version',
      { volumes: [{ name: 'kept', persistentVolumeClaim: { claimName: 'kept' } }] },
      {
        env: [{ name: 'URL', value: lab.postgres.superuserUrl }],
        volumeMounts: [{ name: 'kept', mountPath: '/kept' }],
      },
    );
    expect(existsSync(join(volume, 'all.dump'))).toBe(true);
    expect(readFileSync(join(volume, 'version'), 'utf8')).toMatch(new RegExp(`^${lab.postgres.major}`));
  });

  it('refuses a service account what no role gives it', async () => {
    const script = `python3 - <<'PYTHON'
import os, ssl, urllib.error, urllib.request
secrets = '/var/run/secrets/kubernetes.io/serviceaccount'
url = f"https://{os.environ['KUBERNETES_SERVICE_HOST']}/api/v1/namespaces/default/secrets"
asked = urllib.request.Request(url, headers={'Authorization': 'Bearer ' + open(f'{secrets}/token').read()})
try:
    print(urllib.request.urlopen(asked, context=ssl.create_default_context(cafile=f'{secrets}/ca.crt')).status)
except urllib.error.HTTPError as refused:
    print(refused.code)
PYTHON`;
    expect(await inPod('ask-the-api', script)).toBe('403');
  });
});

/** Whoever runs this is root already. */
const typed = async (line: string): Promise<string> =>
  (await execa('bash', ['-euc', line.replace(/^sudo /, '')])).stdout;

/** `down` would take the lab from the other tests: `npm test` ends with it, and the demonstration's test. */
it('docs/lab.md: up again completes what is missing and changes nothing, status tells of every part', async () => {
  const [block = ''] = markedIn('docs/lab.md', 'lab-by-hand');
  const [again = '', status = '', down = '', ...more] = block.trim().split('\n');
  expect([down.includes('lab -- down'), more]).toEqual([true, []]);
  const before = readFileSync(labFile, 'utf8');
  expect(await typed(again)).toContain('KUBECONFIG=');
  expect(readFileSync(labFile, 'utf8')).toBe(before);
  const stdout = await typed(status);
  for (const part of ['Temporal', 'PostgreSQL', 'Kubernetes']) expect(stdout).toContain(part);
});
