import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { execa } from 'execa';
import getPort from 'get-port';
import { pino } from 'pino';
import { parseAllDocuments } from 'yaml';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { gatewayDependencies } from '../../src/gateway/dependencies.ts';
import { environment, readGatewaySettings } from '../../src/gateway/settings.ts';
import { StartError } from '../../src/process/start.ts';

let directory: string;
let token: string;
const made = (name: string) => join(directory, 'private', name);

/** Runs the shipped script with a `backstep` on the path that is this one. */
async function makeSecrets(): Promise<string> {
  const { stdout } = await execa(
    'sh',
    ['deploy/gateway-secrets.sh', join(directory, 'private'), join(directory, 'public')],
    { env: { PATH: `${directory}:${process.env['PATH']}` } },
  );
  return stdout;
}

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'backstep-gateway-'));
  const shim = `#!/bin/sh\nexec node ${process.cwd()}/node_modules/tsx/dist/cli.mjs ${process.cwd()}/src/cli.ts "$@"\n`;
  await writeFile(join(directory, 'backstep'), shim, { mode: 0o755 });
  token = /shown this once: (\S+)/.exec(await makeSecrets())?.[1] ?? '';
});
afterAll(() => rm(directory, { recursive: true }));

const settingsOf = (port: number, more: Record<string, string> = {}) => ({
  TEMPORAL_ADDRESS: '127.0.0.1:1',
  BACKSTEP_GATEWAY_PORT: String(port),
  BACKSTEP_GATEWAY_KEY: made('gateway.key.json'),
  BACKSTEP_GATEWAY_TOKENS: made('tokens'),
  BACKSTEP_GATEWAY_SESSION_SECRET_FILE: made('session-secret'),
  BACKSTEP_GATEWAY_TRIGGER_SECRETS: made('triggers'),
  ...more,
});
const gateway = (env: Record<string, string>) =>
  execa(process.execPath, ['--import', 'tsx', 'src/gateway.ts'], {
    env: { PATH: process.env['PATH'] ?? '', ...env },
    extendEnv: false,
    all: true,
    reject: false,
    cleanup: true,
  });

describe('deploy/gateway-secrets.sh', () => {
  test('makes each secret once, readable for the gateway alone; again it changes nothing and shows nothing', async () => {
    const files = ['gateway.key.json', 'tokens', 'session-secret', 'triggers/generic', 'triggers/standard'];
    const contents = () => Promise.all(files.map((name) => readFile(made(name), 'utf8')));
    const before = await contents();
    for (const name of files) expect((await stat(made(name))).mode & 0o077, name).toBe(0);
    expect(token.length).toBeGreaterThan(40);
    expect(before[1]).not.toContain(token);
    expect(await makeSecrets()).not.toMatch(/Token/);
    expect(await contents()).toEqual(before);
    expect(await readFile(join(directory, 'public', 'gateway.keys.json'), 'utf8')).not.toContain('"d"');
  });
});

describe('the process', () => {
  test(
    'starts without Temporal, knows its people, drains at SIGTERM, and logs no secret',
    { timeout: 60_000 },
    async () => {
      const port = await getPort();
      const running = gateway(settingsOf(port));
      const url = `http://127.0.0.1:${port}`;
      for (let waited = 0; waited < 30_000; waited += 100) {
        if (
          await fetch(`${url}/healthz`).then(
            ({ ok }) => ok,
            () => false,
          )
        )
          break;
        await pause(100);
      }
      const look = async (headers: Record<string, string>) => {
        const response = await fetch(`${url}/api/rollbacks/radar`, { headers });
        await response.text();
        return response;
      };
      expect((await look({})).status).toBe(401);
      expect((await look({ authorization: `Bearer ${token}` })).status).toBe(503);
      const secret = (await readFile(made('triggers/generic'), 'utf8')).trim();
      const ignored = await fetch(`${url}/triggers/generic`, {
        method: 'POST',
        body: JSON.stringify({ fingerprint: '1', labels: {} }),
        headers: { 'content-type': 'application/json', authorization: `Bearer ${secret}` },
      });
      expect(await ignored.json()).toMatchObject({ alerts: [{ result: 'ignored' }] });
      running.kill('SIGTERM');
      const { exitCode, all } = await running;
      expect(exitCode, all).toBe(0);
      expect(all).toMatch(/the gateway is ready[\s\S]*the gateway has drained/);
      for (const word of [secret, token]) expect(all).not.toContain(word);
    },
  );

  test('says what keeps it from starting, and repeats no token', async () => {
    const port = await getPort();
    const log = pino({ level: 'silent' });
    const start = (more: Record<string, string>) =>
      gatewayDependencies(readGatewaySettings(settingsOf(port, more)), log);
    const insecure = { BACKSTEP_GATEWAY_PUBLIC_URL: 'http://backstep.example.com' };
    await expect(start(insecure)).rejects.toThrow(/clear text.*https:\/\//);
    const tokens = join(directory, 'tokens');
    await writeFile(tokens, 'ann the-token-in-clear\n');
    const unusable = start({ BACKSTEP_GATEWAY_TOKENS: tokens });
    await expect(unusable).rejects.toThrow(/tokens:1: must be/);
    await expect(unusable).rejects.not.toThrow(/the-token-in-clear/);
    await writeFile(tokens, 'short\n');
    await expect(start({ BACKSTEP_GATEWAY_SESSION_SECRET_FILE: tokens })).rejects.toThrow(/less than 32/);
    await expect(start({ BACKSTEP_GATEWAY_KEY: tokens })).rejects.toThrow(StartError);
    await expect(start({ BACKSTEP_GATEWAY_KEY: join(directory, 'none') })).rejects.toThrow(/ENOENT/);
  });
});

describe('settings', () => {
  test('have defaults, on loopback; every fault is named at once', () => {
    expect(readGatewaySettings({ BACKSTEP_GATEWAY_TOKENS: '' })).toMatchObject({
      host: '127.0.0.1',
      port: 8080,
    });
    const bad = {
      BACKSTEP_GATEWAY_PORT: '99999',
      BACKSTEP_GATEWAY_PUBLIC_URL: 'ftp://x',
      BACKSTEP_GATEWAY_TEMPORAL_UI: 'nowhere',
    };
    expect(() => readGatewaySettings(bad)).toThrow(StartError);
    expect(() => readGatewaySettings(bad)).toThrow(/PORT.*PUBLIC_URL.*TEMPORAL_UI/s);
    const alone = { BACKSTEP_GATEWAY_OIDC_ISSUER: 'https://id.example.com' };
    expect(() => readGatewaySettings(alone)).toThrow(/CLIENT_ID.*SESSION_SECRET_FILE.*GATEWAY_KEY/s);
  });
});

describe('deploy/gateway.yaml', () => {
  test('gives the gateway variables that it reads, files that it mounts, and no right in the cluster', async () => {
    interface Manifest {
      kind: string;
      automountServiceAccountToken?: boolean;
      spec?: { template?: { spec: Pod } };
    }
    interface Pod {
      automountServiceAccountToken: boolean;
      containers: {
        env: { name: string; value: string }[];
        volumeMounts: { mountPath: string; readOnly: boolean }[];
        command: string[];
        readinessProbe: { httpGet: { path: string } };
      }[];
    }
    const manifests = parseAllDocuments(await readFile('deploy/gateway.yaml', 'utf8')).map(
      (document) => document.toJS() as Manifest,
    );
    expect(manifests.map(({ kind }) => kind)).toEqual(['ServiceAccount', 'Deployment', 'Service']);
    const pod = manifests[1]?.spec?.template?.spec;
    expect([manifests[0]?.automountServiceAccountToken, pod?.automountServiceAccountToken]).toEqual([
      false,
      false,
    ]);
    const [container] = pod?.containers ?? [];
    const env = Object.fromEntries((container?.env ?? []).map(({ name, value }) => [name, value]));
    for (const name of Object.keys(env).filter((name) => name.startsWith('BACKSTEP_')))
      expect(Object.keys(environment.shape)).toContain(name);
    const settings = readGatewaySettings(env);
    const mounted = container?.volumeMounts.map(({ mountPath }) => mountPath) ?? [];
    for (const path of [
      settings.services,
      settings.key,
      settings.tokens,
      settings.sessionSecretFile,
      settings.triggerSecrets,
    ])
      expect(
        mounted.some((mount) => path?.startsWith(mount)),
        path,
      ).toBe(true);
    expect(container?.volumeMounts.every(({ readOnly }) => readOnly)).toBe(true);
    expect(container?.readinessProbe.httpGet.path).toBe('/readyz');
  });
});
