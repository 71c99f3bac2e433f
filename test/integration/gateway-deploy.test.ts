import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { current } from '../../lab/lab.ts';
import type { Lab } from '../../lab/lab.ts';
import { kubectl } from '../../lab/site.ts';
import { markedIn } from '../docs.ts';

const namespace = `gateway-${Date.now().toString(36).slice(-5)}`;
const root = process.cwd();
let lab: Lab;
let directory: string;

beforeAll(async () => {
  const running = await current();
  if (running === undefined) throw new Error('no lab is running: `npm run lab`');
  lab = running;
  directory = await mkdtemp(join(tmpdir(), 'backstep-deploy-'));
  await kubectl(lab, ['create', 'namespace', namespace]);
});
afterAll(async () => {
  await kubectl(lab, ['delete', 'namespace', namespace, '--wait=false']);
  await rm(directory, { recursive: true });
});

test('the commands that bring the gateway to Kubernetes are accepted by a real cluster, and make all that it names', async () => {
  const backstep = `#!/bin/sh\nexec node ${root}/dist/cli.js "$@"\n`;
  await writeFile(join(directory, 'backstep'), backstep, { mode: 0o755 });
  await execa('ln', ['-s', join(root, 'services'), join(directory, 'services')]);
  const manifest = join(directory, 'gateway.yaml');
  const shipped = await readFile('deploy/gateway.yaml', 'utf8');
  await writeFile(manifest, shipped.replaceAll('namespace: backstep', `namespace: ${namespace}`));
  const [script = ''] = markedIn('docs/triggers.md', 'gateway-on-kubernetes');
  const here = script
    .replaceAll('-n backstep', `-n ${namespace}`)
    .replaceAll('deploy/gateway.yaml', manifest)
    .replaceAll('deploy/', `${root}/deploy/`);
  const { stdout } = await execa('bash', ['-euc', here], {
    cwd: directory,
    env: { PATH: `${directory}:${process.env['PATH']}`, KUBECONFIG: lab.kubernetes.kubeconfig },
  });
  expect(stdout).toMatch(/Token of "oncall"/);
  expect(stdout).toMatch(/deployment\.apps\/backstep-gateway created/);

  const get = async (kind: string, name: string) =>
    JSON.parse(await kubectl(lab, ['-n', namespace, 'get', kind, name, '-o', 'json'])) as {
      data: Record<string, string>;
    };
  const keys = async (kind: string, name: string) => Object.keys((await get(kind, name)).data).toSorted();
  expect(await keys('secret', 'backstep-gateway')).toEqual([
    'gateway.key.json',
    'gateway.keys.json',
    'session-secret',
    'tokens',
  ]);
  expect(await keys('secret', 'backstep-trigger-secrets')).toEqual([
    'alertmanager',
    'generic',
    'grafana',
    'standard',
  ]);
  expect(await keys('configmap', 'backstep-gateway-keys')).toEqual(['gateway.keys.json']);
  expect(await keys('configmap', 'backstep-services')).toContain('deeptech-radar.yaml');
});

test('the rights over owners are accepted by a real cluster, where docs/stopping-writes.md puts them', async () => {
  const [script = ''] = markedIn('docs/stopping-writes.md', 'owners-on-kubernetes');
  const here = script.replaceAll('argocd', namespace);
  expect(here).not.toBe(script);
  const { kubectl: program, kubeconfig } = lab.kubernetes;
  const asTyped = `kubectl() { ${program} --kubeconfig ${kubeconfig} "$@"; }\n${here}`;
  const { stdout } = await execa('bash', ['-euc', asTyped], { cwd: root });
  expect(stdout).toContain('role.rbac.authorization.k8s.io/backstep-owners created');
  expect(stdout).toContain('rolebinding.rbac.authorization.k8s.io/backstep-owners created');
});
