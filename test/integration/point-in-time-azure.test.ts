import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { command } from '../../lab/command.ts';
import { azure } from '../../src/recovery/azure.ts';
import { api, type Answer, type Api, type ApiRequest } from './fixtures/http-api.ts';

const subscription = '0b8ff5ee-5d68-4f2e-9f6f-1b7f3c5a9d10';
const servers = `/subscriptions/${subscription}/resourceGroups/shop/providers/Microsoft.DBforPostgreSQL/flexibleServers`;
const error = (status: number, code: string, message: string): Answer => ({
  status,
  body: { error: { code, message } },
});
const source = {
  id: `${servers}/radar`,
  name: 'radar',
  location: 'westeurope',
  sku: { name: 'Standard_D4ds_v5', tier: 'GeneralPurpose' },
  tags: { team: 'radar' },
  properties: {
    state: 'Ready',
    fullyQualifiedDomainName: 'radar.postgres.database.azure.com',
    network: { publicNetworkAccess: 'Enabled' },
    backup: { backupRetentionDays: 7, earliestRestoreDate: '2025-11-11T00:00:00+00:00' },
    highAvailability: { mode: 'ZoneRedundant', state: 'Healthy' },
  },
};

const one = (name: string, value: string, isDynamicConfig: boolean, set: string) => ({
  name,
  properties: { value, source: set, isDynamicConfig, isReadOnly: false },
});

interface Made {
  looks: number;
  parameters: Record<string, string>;
  rules: Record<string, object>;
  mode: string;
  body: Record<string, unknown>;
  restarts: number;
}

/** Azure's flexible servers, as far as a restore needs them; long work ends after a few looks. */
class Azure {
  made = new Map<string, Made>();
  begun = 0;
  failure: { code: string; message: string } | undefined;

  answer = ({ method, path, body, authorization }: ApiRequest): Answer => {
    if (authorization !== 'Bearer token-1') return error(401, 'InvalidAuthenticationToken', 'no token');
    if (path.includes('/azureAsyncOperation/')) {
      if (this.failure) return { body: { status: 'Failed', error: this.failure } };
      const made = [...this.made.values()].at(-1);
      return { body: { status: (made?.looks ?? 0) > 2 ? 'Succeeded' : 'InProgress' } };
    }
    if (path.includes('/done/')) return { body: { status: 'Succeeded' } };
    const [name = '', what, part = ''] = path.slice(servers.length + 1).split('/');
    const made = this.made.get(name);
    if (method === 'PUT' && what === undefined) {
      this.begun += 1;
      this.made.set(name, { looks: 0, parameters: {}, rules: {}, mode: 'Disabled', body, restarts: 0 });
      return this.accepted('azureAsyncOperation');
    }
    if (name !== 'radar' && made === undefined) return error(404, 'ResourceNotFound', `no ${name}`);
    if (what === 'configurations') return this.configurations(method, made, part, body);
    if (what === 'firewallRules') return this.rules(method, made, part, body);
    if (what === 'restart' && made) {
      made.restarts += 1;
      return this.accepted('done');
    }
    if (method === 'PATCH' && made) {
      made.mode = (
        (body['properties'] as { highAvailability: { mode: string } }).highAvailability ?? {}
      ).mode;
      return this.accepted('done');
    }
    return { body: made === undefined ? source : this.server(name, made) };
  };

  private server(name: string, made: Made): object {
    made.looks += 1;
    return {
      ...source,
      id: `${servers}/${name}`,
      name,
      tags: made.body['tags'],
      properties: {
        ...source.properties,
        state: made.looks > 2 ? 'Ready' : 'Provisioning',
        fullyQualifiedDomainName: `${name}.postgres.database.azure.com`,
        highAvailability: { mode: made.mode },
      },
    };
  }

  private configurations(
    method: string,
    made: Made | undefined,
    part: string,
    body: Record<string, unknown>,
  ): Answer {
    if (method === 'PATCH' && made) {
      made.parameters[part] = (body['properties'] as { value: string }).value;
      return this.accepted('done');
    }
    if (made === undefined)
      return {
        body: {
          value: [
            one('work_mem', '8192', true, 'user-override'),
            one('max_connections', '300', false, 'user-override'),
            one('log_min_messages', 'warning', true, 'system-default'),
          ],
        },
      };
    const { work_mem = '4096', max_connections = '100' } = made.parameters;
    return {
      body: {
        value: [
          one('work_mem', work_mem, true, 'system-default'),
          one('max_connections', max_connections, false, 'system-default'),
        ],
      },
    };
  }

  private rules(method: string, made: Made | undefined, part: string, body: Record<string, unknown>): Answer {
    if (method === 'PUT' && made) {
      made.rules[part] = body['properties'] as object;
      return this.accepted('done');
    }
    const properties = { startIpAddress: '10.0.0.1', endIpAddress: '10.0.0.9' };
    const there = made === undefined ? { office: properties } : made.rules;
    return { body: { value: Object.entries(there).map(([name, of]) => ({ name, properties: of })) } };
  }

  url = '';
  private accepted(kind: string): Answer {
    const headers = {
      'azure-asyncoperation': `${this.url}/subscriptions/${subscription}/providers/Microsoft.DBforPostgreSQL/locations/westeurope/${kind}/1`,
      location: `${this.url}/subscriptions/${subscription}/providers/Microsoft.DBforPostgreSQL/locations/westeurope/${kind}/1`,
    };
    return { status: 202, headers };
  }
}

let server: Api;
let cloud: Azure;
let tls: { key: string; cert: string };
beforeAll(async () => {
  // The SDK sends its token over TLS only.
  const directory = mkdtempSync(join(tmpdir(), 'backstep-azure-'));
  const [key, cert] = [join(directory, 'key'), join(directory, 'cert')];
  const words = `req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=127.0.0.1 -addext subjectAltName=IP:127.0.0.1 -keyout ${key} -out ${cert}`;
  await command('openssl', words.split(' '));
  tls = { key: readFileSync(key, 'utf8'), cert: readFileSync(cert, 'utf8') };
});
beforeEach(async () => {
  cloud = new Azure();
  server = await api(cloud.answer, tls);
  cloud.url = server.url;
});
afterEach(() => server.close());

const provider = (token = 'token-1') =>
  azure(
    {
      provider: 'azure',
      subscription,
      resourceGroup: 'shop',
      instance: 'radar',
      api: server.url,
      within: 10_000,
    },
    {
      every: 20,
      credential: { getToken: async () => ({ token, expiresOnTimestamp: Date.now() + 3_600_000 }) },
      client: { tlsOptions: { ca: tls.cert } },
    },
  );
const watch = { signal: new AbortController().signal, onProgress: () => {} };
const restoreRequest = (operation = 'bs-00000001') => ({
  to: new Date('2025-11-18T02:40:00Z'),
  name: 'radar-bs-00000001',
  operation,
  within: 10_000,
});

test('Azure: tells the window and what the new server gets', async () => {
  const found = await provider().describe(watch.signal);
  expect(found).toMatchObject({
    endpoint: { host: 'radar.postgres.database.azure.com', port: 5432 },
    earliest: new Date('2025-11-11T00:00:00Z'),
  });
  expect(found.carries).toContain('high availability ZoneRedundant');
});

test('Azure: restores into a new server, then carries parameters, firewall and high availability over', async () => {
  const made = await provider().restore(restoreRequest(), watch);
  expect(made).toEqual({
    name: 'radar-bs-00000001',
    endpoint: { host: 'radar-bs-00000001.postgres.database.azure.com', port: 5432 },
    notes: [],
  });
  const put = server.requests.find(
    ({ method, path }) => method === 'PUT' && path === `${servers}/radar-bs-00000001`,
  );
  expect(put?.query.get('api-version')).toMatch(/^\d{4}-\d\d-\d\d/);
  expect(put?.body).toMatchObject({
    location: 'westeurope',
    tags: { team: 'radar', 'backstep-operation': 'bs-00000001' },
    properties: {
      createMode: 'PointInTimeRestore',
      sourceServerResourceId: `${servers}/radar`,
      pointInTimeUTC: '2025-11-18T02:40:00.000Z',
      network: { publicNetworkAccess: 'Enabled' },
    },
  });
  expect(cloud.made.get('radar-bs-00000001')).toMatchObject({
    parameters: { work_mem: '8192', max_connections: '300' },
    rules: { office: { startIpAddress: '10.0.0.1', endIpAddress: '10.0.0.9' } },
    mode: 'ZoneRedundant',
    restarts: 1,
  });
});

test("law 8: Azure: begun twice, it restores once; another operation's server is left alone", async () => {
  const first = new AbortController();
  const lost = provider().restore(restoreRequest(), {
    signal: first.signal,
    onProgress: (doing) => {
      if (doing.includes('Provisioning')) first.abort(new Error('shut down'));
    },
  });
  await expect(lost).rejects.toThrow('shut down');
  await provider().restore(restoreRequest(), watch);
  expect(cloud.begun).toBe(1);
  await expect(provider().restore(restoreRequest('bs-00000009'), watch)).rejects.toMatchObject({
    type: 'NotRestorable',
  });
});

test('Azure: a restore that fails and a token that does not do: each is said', async () => {
  cloud.failure = { code: 'PointInTimeRestoreFailed', message: 'that moment is not in the backups' };
  await expect(provider().restore(restoreRequest(), watch)).rejects.toMatchObject({
    type: 'NotRestorable',
    message: expect.stringContaining('that moment is not in the backups') as string,
  });
  await expect(provider('another').describe(watch.signal)).rejects.toMatchObject({ type: 'ProviderRefused' });
});
