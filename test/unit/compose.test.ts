import { readFile } from 'node:fs/promises';
import { parseDocument } from 'yaml';
import { describe, expect, it } from 'vitest';
import { loadClientConnectConfig } from '@temporalio/envconfig';
import { searchAttributes } from '../../src/domain/approval/messages.ts';
import { environment as gatewayEnvironment, readGatewaySettings } from '../../src/gateway/settings.ts';
import { environment, readSettings } from '../../src/worker/settings.ts';

interface Service {
  image?: string;
  build?: { context: string; dockerfile: string; target: string };
  command?: string[];
  environment?: Record<string, string>;
  ports?: string[];
  volumes?: string[];
  depends_on?: Record<string, { condition: string }>;
  network_mode?: string;
}

const document = parseDocument(await readFile('docker-compose.yml', 'utf8'), { strict: true });
const compose = document.toJS() as {
  services: Record<string, Service>;
  volumes: Record<string, unknown>;
};
const { temporal, postgres, k3s, worker, gateway, job } = compose.services;
const secrets = compose.services['gateway-secrets'];
const dockerfile = await readFile('deploy/Dockerfile', 'utf8');
const targets = [...dockerfile.matchAll(/^FROM \S+ AS (\S+)$/gm)].map(([, name]) => name);

describe('docker-compose.yml', () => {
  it('parses, without a doubled key, and holds Temporal, PostgreSQL with pgvector, k3s and a worker', () => {
    expect(document.errors).toEqual([]);
    expect(temporal?.image).toMatch(/^temporalio\/temporal:/);
    expect(postgres?.image).toMatch(/^pgvector\/pgvector:pg\d+$/);
    expect(k3s?.image).toMatch(/^rancher\/k3s:v/);
    expect(targets).toContain(worker?.build?.target);
    expect(targets).toContain(job?.build?.target);
    expect(worker?.build?.dockerfile).toBe('deploy/Dockerfile');
  });

  it('gives the worker every variable that it reads, and none that it does not', () => {
    const variables = Object.keys(worker?.environment ?? {}).filter((name) => name.startsWith('BACKSTEP_'));
    expect(variables.toSorted()).toEqual(Object.keys(environment.shape).toSorted());
    expect(readSettings(worker?.environment ?? {})).toMatchObject({
      services: '/services',
      reports: '/reports',
    });
    expect(worker?.volumes).toContain('gateway-keys:/gateway-keys:ro');
    expect(worker?.environment?.['KUBECONFIG']).toBe(k3s?.environment?.['K3S_KUBECONFIG_OUTPUT']);
  });

  it('gives the gateway only variables that it reads, and mounts what they name', () => {
    const variables = Object.keys(gateway?.environment ?? {}).filter((name) => name.startsWith('BACKSTEP_'));
    expect(Object.keys(gatewayEnvironment.shape)).toEqual(expect.arrayContaining(variables));
    const settings = readGatewaySettings(gateway?.environment ?? {});
    expect(gateway?.ports).toEqual([`127.0.0.1:${settings.port}:${settings.port}`]);
    expect(settings.publicUrl).toBe(worker?.environment?.['BACKSTEP_PUBLIC_URL']);
    for (const path of [settings.key, settings.tokens, settings.sessionSecretFile, settings.triggerSecrets])
      expect(path).toMatch(/^\/gateway\//);
    expect(gateway?.volumes).toContain('gateway:/gateway:ro');
    // The key that signs is the gateway's alone.
    expect(worker?.volumes?.filter((volume) => volume.startsWith('gateway:'))).toEqual([]);
    expect(targets).toContain(gateway?.build?.target);
  });

  it('makes the secrets before what reads them starts', () => {
    expect(secrets?.command).toEqual([
      'sh',
      '/backstep/deploy/gateway-secrets.sh',
      '/gateway',
      '/gateway-keys',
    ]);
    expect(secrets?.volumes).toEqual(['gateway:/gateway', 'gateway-keys:/gateway-keys']);
    for (const reader of [gateway, worker])
      expect(reader?.depends_on?.['gateway-secrets']?.condition).toBe('service_completed_successfully');
    expect(dockerfile).toContain('COPY deploy/gateway-secrets.sh ./deploy/');
    expect(dockerfile).toMatch(/--owner 10001 --group 10001 \/reports \/gateway \/gateway-keys/);
  });

  it('lets the Temporal settings lead to the Temporal service', () => {
    const { connectionOptions, namespace } = loadClientConnectConfig({
      disableFile: true,
      overrideEnvVars: worker?.environment ?? {},
    });
    const [host, port] = (connectionOptions.address ?? '').split(':');
    expect(compose.services).toHaveProperty(host ?? '');
    expect(temporal?.ports).toContain(`127.0.0.1:${port}:${port}`);
    expect(namespace).toBe('default');
  });

  it('registers the search attributes that the workflow sets', () => {
    const registered = temporal?.command?.filter((word) => word.startsWith('--search-attribute='));
    expect(registered).toEqual(
      Object.values(searchAttributes).map((name) => `--search-attribute=${name}=Keyword`),
    );
  });

  it('publishes on loopback only, and declares every volume that it names', () => {
    for (const { ports = [], volumes = [] } of Object.values(compose.services)) {
      for (const port of ports) expect(port).toMatch(/^127\.0\.0\.1:\d+:\d+$/);
      const named = volumes
        .map((volume) => volume.split(':')[0] ?? '')
        .filter((name) => !name.startsWith('.'));
      for (const name of named) expect(compose.volumes).toHaveProperty(name);
    }
  });

  it('mounts what the worker reads and writes, and starts it when the others are healthy', () => {
    const mounted = worker?.volumes?.map((volume) => volume.split(':')[1]);
    expect(mounted).toEqual(expect.arrayContaining(['/services', '/reports', '/kubeconfig']));
    for (const name of ['temporal', 'postgres', 'k3s']) {
      expect(worker?.depends_on?.[name]?.condition).toBe('service_healthy');
      expect(compose.services[name]).toHaveProperty('healthcheck.test');
    }
    expect(worker?.network_mode).toBe('service:k3s');
    expect(worker?.environment?.['BACKSTEP_JOB_IMAGE']).toBe(`docker.io/library/${job?.image}`);
  });
});
