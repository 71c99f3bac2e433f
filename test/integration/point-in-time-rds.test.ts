import {
  CreateDBInstanceCommand,
  CreateDBParameterGroupCommand,
  DescribeDBInstancesCommand,
  RDSClient,
} from '@aws-sdk/client-rds';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { rds } from '../../src/recovery/rds.ts';
import type { Watch } from '../../src/recovery/provider.ts';
import { moto, type Moto } from './fixtures/moto.ts';

let server: Moto;
let client: RDSClient;
const region = 'eu-central-1';
const credentials = { AWS_ACCESS_KEY_ID: 'test', AWS_SECRET_ACCESS_KEY: 'test' };
const watch: Watch & { said: string[] } = {
  signal: new AbortController().signal,
  said: [],
  onProgress: (doing) => watch.said.push(doing),
};
const provider = (instance = 'radar', api = server.api) =>
  rds({ provider: 'rds', instance, region, api, within: 20_000 }, { every: 50 });
const restoreRequest = (operation: string) => ({
  to: new Date(Math.floor(Date.now() / 1_000) * 1_000 - 60_000),
  name: `radar-${operation}`,
  operation,
  within: 20_000,
});
const described = async (name: string) =>
  (await client.send(new DescribeDBInstancesCommand({ DBInstanceIdentifier: name }))).DBInstances?.[0];

beforeAll(async () => {
  Object.assign(process.env, credentials);
  server = await moto();
  client = new RDSClient({ region, endpoint: server.api });
  await client.send(
    new CreateDBParameterGroupCommand({
      DBParameterGroupName: 'radar-parameters',
      DBParameterGroupFamily: 'postgres16',
      Description: 'of the radar',
    }),
  );
  await client.send(
    new CreateDBInstanceCommand({
      DBInstanceIdentifier: 'radar',
      Engine: 'postgres',
      EngineVersion: '16.4',
      DBInstanceClass: 'db.m6g.large',
      AllocatedStorage: 20,
      StorageType: 'gp3',
      MasterUsername: 'admin1',
      MasterUserPassword: 'Secret-1234',
      MultiAZ: true,
      Port: 5433,
      DBParameterGroupName: 'radar-parameters',
      VpcSecurityGroupIds: ['sg-12345678'],
      EnableIAMDatabaseAuthentication: true,
      DeletionProtection: true,
      CopyTagsToSnapshot: true,
      BackupRetentionPeriod: 7,
      Tags: [{ Key: 'team', Value: 'radar' }],
    }),
  );
});
afterAll(() => server?.stop());

test('RDS: tells the window, and what the new instance gets', async () => {
  const found = await provider().describe(watch.signal);
  expect(found.endpoint?.port).toBe(5433);
  expect(found.latest.getTime()).toBeGreaterThan(found.earliest.getTime());
  expect(found.carries).toEqual(
    expect.arrayContaining([
      'class "db.m6g.large"',
      'security groups ["sg-12345678"]',
      'parameter group "radar-parameters"',
      'port 5433',
      'Multi-AZ true',
      'IAM authentication true',
    ]),
  );
});

test('RDS: restores into a new instance with network, parameters and tags of the old one', async () => {
  const made = await provider().restore(restoreRequest('bs-00000001'), watch);
  expect(made).toMatchObject({ name: 'radar-bs-00000001', endpoint: { port: 5433 } });
  const restored = await described('radar-bs-00000001');
  expect(restored).toMatchObject({
    DBInstanceClass: 'db.m6g.large',
    MultiAZ: true,
    StorageType: 'gp3',
    IAMDatabaseAuthenticationEnabled: true,
    DeletionProtection: true,
    DBParameterGroups: [expect.objectContaining({ DBParameterGroupName: 'radar-parameters' }) as object],
    VpcSecurityGroups: [expect.objectContaining({ VpcSecurityGroupId: 'sg-12345678' }) as object],
  });
  expect(restored?.TagList).toEqual(
    expect.arrayContaining([
      { Key: 'team', Value: 'radar' },
      { Key: 'backstep:operation', Value: 'bs-00000001' },
    ]),
  );
  expect(made.notes).toEqual([]);
  expect(await described('radar')).toMatchObject({ DBInstanceStatus: 'available' });
});

test('law 8: RDS: begun twice, the second finds the first by its name', async () => {
  const first = await provider().restore(restoreRequest('bs-00000002'), watch);
  watch.said.length = 0;
  expect(await provider().restore(restoreRequest('bs-00000002'), watch)).toEqual(first);
  expect(watch.said.join()).not.toContain('asks RDS');
  const { DBInstances } = await client.send(new DescribeDBInstancesCommand({}));
  expect(DBInstances?.filter(({ DBInstanceIdentifier: id }) => id === 'radar-bs-00000002')).toHaveLength(1);
});

test("RDS: an instance of that name that is somebody else's is left alone", async () => {
  const taken = { ...restoreRequest('bs-00000003'), name: 'radar-bs-00000002' };
  await expect(provider().restore(taken, watch)).rejects.toMatchObject({ type: 'NotRestorable' });
});

test('RDS: no such instance, no backups, no answer, no credentials: each its own failure', async () => {
  await expect(provider('nobody').describe(watch.signal)).rejects.toMatchObject({ type: 'NotRestorable' });
  await client.send(
    new CreateDBInstanceCommand({
      DBInstanceIdentifier: 'unkept',
      Engine: 'postgres',
      DBInstanceClass: 'db.m6g.large',
      AllocatedStorage: 20,
      MasterUsername: 'admin1',
      MasterUserPassword: 'Secret-1234',
      BackupRetentionPeriod: 0,
    }),
  );
  await expect(provider('unkept').describe(watch.signal)).rejects.toMatchObject({ type: 'NotRestorable' });
  await expect(provider('radar', 'http://127.0.0.1:9').describe(watch.signal)).rejects.toMatchObject({
    type: 'ProviderUnreachable',
  });
  const nowhere = {
    AWS_EC2_METADATA_DISABLED: 'true',
    AWS_CONFIG_FILE: '/dev/null',
    AWS_SHARED_CREDENTIALS_FILE: '/dev/null',
  };
  for (const name of Object.keys(credentials)) vi.stubEnv(name, undefined);
  for (const [name, value] of Object.entries(nowhere)) vi.stubEnv(name, value);
  await expect(provider().describe(watch.signal)).rejects.toMatchObject({ type: 'ProviderRefused' });
  vi.unstubAllEnvs();
});
