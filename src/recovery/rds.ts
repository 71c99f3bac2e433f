import { utc } from '../domain/text.ts';
import {
  DescribeDBInstanceAutomatedBackupsCommand,
  DescribeDBInstancesCommand,
  RDSClient,
  RDSServiceException,
  RestoreDBInstanceToPointInTimeCommand,
  type DBInstance,
  type RestoreDBInstanceToPointInTimeCommandInput,
} from '@aws-sdk/client-rds';
import { Failure } from '../domain/failures.ts';
import type { Endpoint } from '../domain/plan/point-in-time.ts';
import type { PointInTimeOf } from '../domain/definition/point-in-time.ts';
import { messageOf, providerFailure } from './failure.ts';
import { lookEvery, type Provider, type ProviderOptions } from './provider.ts';
import { until } from './wait.ts';

const tag = 'backstep:operation';
/** States in which nothing will happen any more by itself. */
const dead = /^(failed|incompatible-\w+|storage-full|restore-error|inaccessible-\S+|deleting)/;

/** Amazon RDS for PostgreSQL. Aurora, which restores whole clusters, is not supported. */
export function rds(
  { instance: identifier, region, api }: PointInTimeOf<'rds'>,
  { every = lookEvery }: ProviderOptions = {},
): Provider {
  const client = new RDSClient({ region, maxAttempts: 5, ...(api !== undefined && { endpoint: api }) });

  const find = async (name: string, abortSignal: AbortSignal): Promise<DBInstance | undefined> => {
    try {
      const query = new DescribeDBInstancesCommand({ DBInstanceIdentifier: name });
      return (await client.send(query, { abortSignal })).DBInstances?.[0];
    } catch (error) {
      if (error instanceof Error && error.name.startsWith('DBInstanceNotFound')) return undefined;
      throw failureOf(`describe the DB instance ${name}`, error);
    }
  };

  const source = async (signal: AbortSignal): Promise<DBInstance> => {
    const found = await find(identifier, signal);
    if (found === undefined)
      throw new Failure('NotRestorable', `There is no DB instance ${identifier} in ${region}.`);
    if (found.DBClusterIdentifier !== undefined)
      throw new Failure(
        'NotRestorable',
        `DB instance ${identifier} belongs to the Aurora cluster ${found.DBClusterIdentifier}; Aurora is not supported.`,
      );
    return found;
  };

  return {
    describe: async (signal) => {
      const found = await source(signal);
      const query = new DescribeDBInstanceAutomatedBackupsCommand({ DBInstanceIdentifier: identifier });
      const backups = await ask(
        `list the automated backups of ${identifier}`,
        client.send(query, { abortSignal: signal }),
      );
      const window = backups.DBInstanceAutomatedBackups?.find(
        ({ Status }) => Status !== 'retained',
      )?.RestoreWindow;
      const latest = found.LatestRestorableTime ?? window?.LatestTime;
      const earliest = window?.EarliestTime ?? found.InstanceCreateTime;
      if (latest === undefined || earliest === undefined || found.BackupRetentionPeriod === 0)
        throw new Failure('NotRestorable', `DB instance ${identifier} keeps no automated backups.`);
      return {
        name: identifier,
        endpoint: endpointOf(found),
        earliest,
        latest,
        carries: describeCarried(settingsOf(found)),
        notes: notCarried(found),
      };
    },

    restore: async ({ to, name, operation, within }, { signal, onProgress }) => {
      const old = await source(signal);
      const settings = settingsOf(old);
      const there = await find(name, signal);
      if (there === undefined) {
        onProgress(`asks RDS for ${name} as ${identifier} was at ${utc(to.toISOString())}`);
        const begin = new RestoreDBInstanceToPointInTimeCommand({
          ...settings,
          SourceDBInstanceIdentifier: identifier,
          TargetDBInstanceIdentifier: name,
          RestoreTime: to,
          Tags: [...(settings.Tags ?? []), { Key: tag, Value: operation }],
        });
        await ask(
          `restore ${identifier} to ${utc(to.toISOString())}`,
          client.send(begin, { abortSignal: signal }),
        );
      } else if (!there.TagList?.some(({ Key, Value }) => Key === tag && Value === operation)) {
        throw new Failure(
          'NotRestorable',
          `A DB instance ${name} exists, and is not of operation ${operation}.`,
        );
      }
      const ready = await until({ every, within, signal, what: `DB instance ${name}` }, async () => {
        const now = await find(name, signal);
        const state = now?.DBInstanceStatus ?? 'not there yet';
        if (dead.test(state)) throw new Failure('NotRestorable', `DB instance ${name} is ${state}.`);
        const percent = Number.parseInt(now?.PercentProgress ?? '', 10);
        onProgress(`DB instance ${name} is ${state}`, percent > 0 ? { done: percent, of: 100 } : undefined);
        return state === 'available' ? now : undefined;
      });
      return { name, endpoint: endpointOf(ready), notes: [...differences(old, ready), ...notCarried(old)] };
    },
  };
}

async function ask<T>(doing: string, asking: Promise<T>): Promise<T> {
  try {
    return await asking;
  } catch (error) {
    if (error instanceof Error && error.name === 'AbortError') throw error;
    throw failureOf(doing, error);
  }
}

function failureOf(doing: string, error: unknown): Failure {
  if (error instanceof Failure) return error;
  const service = error instanceof RDSServiceException ? error : undefined;
  const said = {
    status: service?.$metadata.httpStatusCode,
    code: error instanceof Error ? error.name : undefined,
    message: messageOf(error),
  };
  return providerFailure('RDS', doing, said);
}

function endpointOf({ Endpoint, DBInstanceIdentifier }: DBInstance): Endpoint {
  const { Address: host, Port: port } = Endpoint ?? {};
  if (host === undefined || port === undefined)
    throw new Failure('NotRestorable', `DB instance ${DBInstanceIdentifier} has no endpoint.`);
  return { host, port };
}

type Settings = Omit<
  RestoreDBInstanceToPointInTimeCommandInput,
  'TargetDBInstanceIdentifier' | 'SourceDBInstanceIdentifier' | 'RestoreTime'
>;

/** Without these the new instance would get the VPC's default security group and the engine's default parameters. */
function settingsOf(old: DBInstance): Settings {
  const provisioned = /^(io1|io2|gp3)$/.test(old.StorageType ?? '');
  const wanted: { [K in keyof Settings]: Settings[K] | undefined } = {
    DBInstanceClass: old.DBInstanceClass,
    DBSubnetGroupName: old.DBSubnetGroup?.DBSubnetGroupName,
    VpcSecurityGroupIds: ids(old.VpcSecurityGroups?.map((group) => group.VpcSecurityGroupId)),
    DBParameterGroupName: old.DBParameterGroups?.[0]?.DBParameterGroupName,
    OptionGroupName: old.OptionGroupMemberships?.map(({ OptionGroupName: group }) => group).find(
      (group) => group?.startsWith('default:') === false,
    ),
    Port: old.Endpoint?.Port,
    MultiAZ: old.MultiAZ,
    PubliclyAccessible: old.PubliclyAccessible,
    StorageType: old.StorageType,
    Iops: provisioned ? old.Iops : undefined,
    StorageThroughput: provisioned ? old.StorageThroughput : undefined,
    MaxAllocatedStorage: old.MaxAllocatedStorage,
    DedicatedLogVolume: old.DedicatedLogVolume,
    NetworkType: old.NetworkType,
    EnableIAMDatabaseAuthentication: old.IAMDatabaseAuthenticationEnabled,
    EnableCloudwatchLogsExports: ids(old.EnabledCloudwatchLogsExports),
    AutoMinorVersionUpgrade: old.AutoMinorVersionUpgrade,
    CopyTagsToSnapshot: old.CopyTagsToSnapshot,
    DeletionProtection: old.DeletionProtection,
    CACertificateIdentifier: old.CACertificateIdentifier,
    EngineLifecycleSupport: old.EngineLifecycleSupport,
    // AWS keeps names that begin with aws: for itself.
    Tags: old.TagList?.filter(({ Key }) => Key !== undefined && !Key.startsWith('aws:') && Key !== tag),
  };
  return Object.fromEntries(Object.entries(wanted).filter(([, value]) => value !== undefined)) as Settings;
}

const ids = (values: (string | undefined)[] | undefined): string[] | undefined => {
  const known = values?.filter((value) => value !== undefined) ?? [];
  return known.length === 0 ? undefined : known;
};

const words: Partial<Record<keyof Settings, string>> = {
  DBInstanceClass: 'class',
  DBSubnetGroupName: 'subnet group',
  VpcSecurityGroupIds: 'security groups',
  DBParameterGroupName: 'parameter group',
  OptionGroupName: 'option group',
  Port: 'port',
  MultiAZ: 'Multi-AZ',
  PubliclyAccessible: 'public access',
  StorageType: 'storage type',
  Iops: 'IOPS',
  EnableIAMDatabaseAuthentication: 'IAM authentication',
  DeletionProtection: 'deletion protection',
};

const describeCarried = (settings: Settings): string[] =>
  Object.entries(words).flatMap(([setting, word]) => {
    const value = settings[setting as keyof Settings];
    return value === undefined ? [] : [`${word} ${JSON.stringify(value)}`];
  });

/** What RDS has no argument for when it restores. */
function notCarried(old: DBInstance): string[] {
  const notes = [
    (old.MonitoringInterval ?? 0) > 0 && 'enhanced monitoring',
    old.PerformanceInsightsEnabled === true && 'Performance Insights',
    (old.AssociatedRoles ?? []).length > 0 && 'associated IAM roles',
    (old.ReadReplicaDBInstanceIdentifiers ?? []).length > 0 && 'read replicas',
    old.MasterUserSecret !== undefined && 'the managed password of the master user in Secrets Manager',
  ].filter((each) => each !== false);
  return notes.length === 0 ? [] : [`RDS does not carry over: ${notes.join(', ')}. Set them up by hand.`];
}

function differences(old: DBInstance, restored: DBInstance): string[] {
  const [wanted, is] = [settingsOf(old), settingsOf(restored)];
  return Object.entries(words).flatMap(([setting, word]) => {
    const [a, b] = [wanted[setting as keyof Settings], is[setting as keyof Settings]].map((value) =>
      JSON.stringify(value),
    );
    return a === b ? [] : [`${word} of the new instance is ${b}, of the old one ${a}`];
  });
}
