import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { cloudSql } from '../../src/recovery/cloud-sql.ts';
import { api, type Answer, type Api, type ApiRequest } from './fixtures/http-api.ts';

const instances = '/v1/projects/shop/instances';
const settings = {
  tier: 'db-custom-2-7680',
  availabilityType: 'REGIONAL',
  databaseFlags: [{ name: 'max_connections', value: '200' }],
  backupConfiguration: { enabled: true, pointInTimeRecoveryEnabled: true },
  ipConfiguration: {
    ipv4Enabled: false,
    privateNetwork: 'projects/shop/global/networks/main',
    allocatedIpRange: 'range-1',
  },
};
const source = {
  kind: 'sql#instance',
  name: 'radar',
  state: 'RUNNABLE',
  databaseVersion: 'POSTGRES_16',
  gceZone: 'europe-west3-a',
  settings,
  ipAddresses: [{ type: 'PRIVATE', ipAddress: '10.1.2.3' }],
};
const error = (code: number, status: string, message: string): Answer => ({
  status: code,
  body: { error: { code, message, status, errors: [{ domain: 'global', reason: status, message }] } },
});

/** Cloud SQL's instances and operations, as far as a clone needs them. */
class CloudSql {
  clone: { name: string; looks: number } | undefined;
  failure: { code: string; message: string } | undefined;
  clonesBegun = 0;
  source: object | undefined = source;
  busy = 0;

  answer = ({ method, path, authorization, body }: ApiRequest): Answer => {
    if (path === '/token')
      return {
        body: {
          access_token: 'token-1',
          issued_token_type: 'urn:ietf:params:oauth:token-type:access_token',
          expires_in: 3600,
          token_type: 'Bearer',
        },
      };
    if (authorization !== 'Bearer token-1') return error(401, 'UNAUTHENTICATED', 'no token');
    if (this.busy-- > 0) return error(503, 'UNAVAILABLE', 'try again');
    if (method === 'GET' && path === `${instances}/radar`)
      return this.source === undefined
        ? error(404, 'NOT_FOUND', 'The Cloud SQL instance does not exist.')
        : { body: this.source };
    if (method === 'GET' && path === `${instances}/radar/getLatestRecoveryTime`)
      return {
        body: { earliestRecoveryTime: '2025-11-11T00:00:00Z', latestRecoveryTime: '2025-11-18T02:59:30.5Z' },
      };
    if (method === 'POST' && path === `${instances}/radar/clone`) {
      const { destinationInstanceName } = body['cloneContext'] as { destinationInstanceName: string };
      this.clonesBegun += 1;
      this.clone = { name: destinationInstanceName, looks: 0 };
      return { body: { kind: 'sql#operation', name: 'op-1', operationType: 'CLONE', status: 'PENDING' } };
    }
    const { clone } = this;
    if (method === 'GET' && path.endsWith('/operations')) {
      const status = (clone?.looks ?? 0) < 2 ? 'RUNNING' : 'DONE';
      const failed = this.failure && { error: { kind: 'sql#operationErrors', errors: [this.failure] } };
      return { body: { items: clone ? [{ name: 'op-1', operationType: 'CLONE', status, ...failed }] : [] } };
    }
    if (method === 'GET' && clone && path === `${instances}/${clone.name}`) {
      clone.looks += 1;
      const ready = clone.looks > 2;
      return {
        body: {
          ...source,
          name: clone.name,
          state: ready ? 'RUNNABLE' : 'PENDING_CREATE',
          ipAddresses: ready ? [{ type: 'PRIVATE', ipAddress: '10.1.2.9' }] : [],
        },
      };
    }
    return error(404, 'NOT_FOUND', 'The Cloud SQL instance does not exist.');
  };
}

let server: Api;
let google: CloudSql;
beforeEach(async () => {
  google = new CloudSql();
  server = await api(google.answer);
  // Workload identity, as a worker in a cluster has it.
  const directory = mkdtempSync(join(tmpdir(), 'backstep-google-'));
  const [file, token] = [join(directory, 'credentials.json'), join(directory, 'token')];
  writeFileSync(token, 'the token of a ServiceAccount');
  writeFileSync(
    file,
    JSON.stringify({
      type: 'external_account',
      audience: '//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/p/providers/k',
      subject_token_type: 'urn:ietf:params:oauth:token-type:jwt',
      token_url: `${server.url}/token`,
      credential_source: { file: token },
    }),
  );
  vi.stubEnv('GOOGLE_APPLICATION_CREDENTIALS', file);
  // The SDK looks for Google's own machines otherwise.
  vi.stubEnv('METADATA_SERVER_DETECTION', 'none');
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await server.close();
});

const provider = () =>
  cloudSql(
    {
      provider: 'cloud-sql',
      project: 'shop',
      instance: 'radar',
      address: 'private',
      api: `${server.url}/`,
      within: 10_000,
    },
    { every: 20 },
  );
const watch = { signal: new AbortController().signal, onProgress: () => {} };
const restoreRequest = {
  to: new Date('2025-11-18T02:40:00Z'),
  name: 'radar-bs-00000001',
  operation: 'bs-00000001',
  within: 10_000,
};

test('Cloud SQL: tells the window and what a clone gets', async () => {
  const found = await provider().describe(watch.signal);
  expect(found).toMatchObject({
    endpoint: { host: '10.1.2.3', port: 5432 },
    earliest: new Date('2025-11-11T00:00:00Z'),
    latest: new Date('2025-11-18T02:59:30.5Z'),
  });
  expect(found.carries).toContain('private network "projects/shop/global/networks/main"');
});

test('Cloud SQL: clones to the moment, waits, and answers with the new address', async () => {
  const made = await provider().restore(restoreRequest, watch);
  expect(made).toEqual({ name: restoreRequest.name, endpoint: { host: '10.1.2.9', port: 5432 }, notes: [] });
  const clone = server.requests.find(({ method, path }) => method === 'POST' && path.endsWith('/clone'));
  expect(clone?.body).toEqual({
    cloneContext: {
      kind: 'sql#cloneContext',
      destinationInstanceName: restoreRequest.name,
      pointInTime: '2025-11-18T02:40:00.000Z',
      allocatedIpRange: 'range-1',
      preferredZone: 'europe-west3-a',
    },
  });
});

test('law 8: Cloud SQL: begun twice, it clones once', async () => {
  const first = new AbortController();
  const lost = provider().restore(restoreRequest, {
    signal: first.signal,
    onProgress: (doing) => {
      if (doing.includes('PENDING_CREATE')) first.abort(new Error('shut down'));
    },
  });
  await expect(lost).rejects.toThrow('shut down');
  await provider().restore(restoreRequest, watch);
  expect(google.clonesBegun).toBe(1);
});

test('Cloud SQL: a clone that fails, no instance, no recovery, no right: each is said; 503 is tried again', async () => {
  google.busy = 2;
  await provider().describe(watch.signal);
  google.failure = { code: 'INTERNAL_ERROR', message: 'the logs of that time are gone' };
  await expect(provider().restore(restoreRequest, watch)).rejects.toMatchObject({
    type: 'NotRestorable',
    message: expect.stringContaining('the logs of that time are gone') as string,
  });
  google.source = undefined;
  await expect(provider().describe(watch.signal)).rejects.toMatchObject({ type: 'NotRestorable' });
  google.source = { ...source, settings: { ...settings, backupConfiguration: { enabled: true } } };
  await expect(provider().describe(watch.signal)).rejects.toMatchObject({ type: 'NotRestorable' });
  const denied = await api(({ path }) =>
    path === '/token'
      ? { body: { access_token: 't', expires_in: 1 } }
      : error(403, 'PERMISSION_DENIED', 'cloudsql.instances.get'),
  );
  const refused = cloudSql({ ...definitionOf(denied.url) }, { every: 20 }).describe(watch.signal);
  await expect(refused).rejects.toMatchObject({
    type: 'ProviderRefused',
    message: expect.stringContaining('cloudsql.instances.get') as string,
  });
  await denied.close();
});

const definitionOf = (url: string) => ({
  provider: 'cloud-sql' as const,
  project: 'shop',
  instance: 'radar',
  address: 'private' as const,
  api: `${url}/`,
  within: 10_000,
});
