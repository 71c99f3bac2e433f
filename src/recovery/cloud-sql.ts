import { utc } from '../domain/text.ts';
import { auth, sqladmin, type sqladmin_v1 } from '@googleapis/sqladmin';
import { Failure } from '../domain/failures.ts';
import { canonical } from '../domain/plan/hash.ts';
import type { Endpoint } from '../domain/plan/point-in-time.ts';
import type { PointInTimeOf } from '../domain/definition/point-in-time.ts';
import { messageOf, providerFailure } from './failure.ts';
import { lookEvery, type Provider, type ProviderOptions } from './provider.ts';
import { until } from './wait.ts';

type Instance = sqladmin_v1.Schema$DatabaseInstance;
type Definition = PointInTimeOf<'cloud-sql'>;

const scopes = ['https://www.googleapis.com/auth/sqlservice.admin'];
const clientPort = 5432;

/** Google Cloud SQL for PostgreSQL: clones the instance as it was at an earlier time. */
export function cloudSql(
  { project, instance: identifier, address, api }: Definition,
  { every = lookEvery }: ProviderOptions = {},
): Provider {
  const google = new auth.GoogleAuth({ scopes, projectId: project });
  const sql = sqladmin({
    version: 'v1',
    auth: google,
    retry: true,
    ...(api !== undefined && { rootUrl: api }),
  });

  const find = async (name: string, signal: AbortSignal): Promise<Instance | undefined> => {
    try {
      return (await sql.instances.get({ project, instance: name }, { signal })).data;
    } catch (error) {
      signal.throwIfAborted();
      const { status } = saidBy(error);
      // Without the right to see whether it exists, Google answers 403.
      if (status === 404 || (status === 403 && /does not exist/.test(messageOf(error)))) return undefined;
      throw failureOf(`describe the instance ${name}`, error);
    }
  };

  const source = async (signal: AbortSignal): Promise<Instance> => {
    const found = await find(identifier, signal);
    if (found === undefined)
      throw new Failure(
        'NotRestorable',
        `There is no Cloud SQL instance ${identifier} in project ${project}.`,
      );
    if (found.settings?.backupConfiguration?.pointInTimeRecoveryEnabled !== true)
      throw new Failure(
        'NotRestorable',
        `Point-in-time recovery is not enabled for the Cloud SQL instance ${identifier}.`,
      );
    return found;
  };

  /** The newest operation that makes an instance of that name: what an earlier attempt began. */
  const cloning = async (name: string, signal: AbortSignal) => {
    const query = () => sql.operations.list({ project, instance: name, maxResults: 10 }, { signal });
    const { items = [] } = await ask(`list the operations of ${name}`, query, signal);
    return items.find(({ operationType }) => operationType === 'CLONE');
  };

  return {
    describe: async (signal) => {
      const found = await source(signal);
      const query = () =>
        sql.projects.instances.getLatestRecoveryTime({ project, instance: identifier }, { signal });
      const window = await ask(`ask for the recovery times of ${identifier}`, query, signal);
      if (!window.latestRecoveryTime)
        throw new Failure('NotRestorable', `Cloud SQL has no recovery time for ${identifier} yet.`);
      return {
        name: identifier,
        endpoint: endpointOf(found, address),
        earliest: new Date(window.earliestRecoveryTime ?? found.createTime ?? 0),
        latest: new Date(window.latestRecoveryTime),
        carries: carried(found).map(([name, value]) => `${name} ${JSON.stringify(value)}`),
        notes: notCarried(found),
      };
    },

    restore: async ({ to, name, within }, { signal, onProgress }) => {
      const old = await source(signal);
      const there = await find(name, signal);
      if (there === undefined) {
        onProgress(`asks Cloud SQL for ${name} as ${identifier} was at ${utc(to.toISOString())}`);
        const zones = { preferredZone: old.gceZone, preferredSecondaryZone: old.secondaryGceZone };
        const cloneContext = {
          kind: 'sql#cloneContext',
          destinationInstanceName: name,
          pointInTime: to.toISOString(),
          allocatedIpRange: old.settings?.ipConfiguration?.allocatedIpRange,
          ...zones,
        };
        const body = { project, instance: identifier, requestBody: { cloneContext: known(cloneContext) } };
        await ask(`clone ${identifier}`, () => sql.instances.clone(body, { signal }), signal);
      }
      const ready = await until({ every, within, signal, what: `Instance ${name}` }, async () => {
        const operation = await cloning(name, signal);
        const error = operation?.error?.errors?.[0];
        if (error)
          throw new Failure('NotRestorable', `Cloud SQL: ${error.code ?? ''}: ${error.message ?? ''}`);
        const now = await find(name, signal);
        onProgress(
          `instance ${name} is ${now?.state ?? 'not there yet'}, its cloning ${operation?.status ?? 'unknown'}`,
        );
        if (now?.state === 'FAILED' || now?.state === 'SUSPENDED')
          throw new Failure('NotRestorable', `Instance ${name} is ${now.state}.`);
        const cloned = operation === undefined || operation.status === 'DONE';
        return cloned && now?.state === 'RUNNABLE' ? now : undefined;
      });
      return {
        name,
        endpoint: endpointOf(ready, address),
        notes: [...differences(old, ready), ...notCarried(old)],
      };
    },
  };
}

async function ask<T>(doing: string, asking: () => Promise<{ data: T }>, signal: AbortSignal): Promise<T> {
  try {
    return (await asking()).data;
  } catch (error) {
    signal.throwIfAborted();
    throw failureOf(doing, error);
  }
}

interface Answered {
  status?: number;
  response?: { status?: number; data?: { error?: { message?: string; status?: string } } };
}

function saidBy(error: unknown) {
  const { status, response } = error as Answered;
  const said = response?.data?.error;
  return {
    status: response?.status ?? status,
    code: said?.status,
    message: said?.message ?? messageOf(error),
  };
}

const failureOf = (doing: string, error: unknown): Failure =>
  error instanceof Failure ? error : providerFailure('Cloud SQL', doing, saidBy(error));

const known = (of: object) =>
  Object.fromEntries(Object.entries(of).filter(([, value]) => value !== undefined && value !== null));

function endpointOf({ name, ipAddresses }: Instance, address: Definition['address']): Endpoint {
  const wanted = address === 'private' ? 'PRIVATE' : 'PRIMARY';
  const host = ipAddresses?.find(({ type }) => type === wanted)?.ipAddress;
  if (!host) throw new Failure('NotRestorable', `Instance ${name} has no ${address} address.`);
  return { host, port: clientPort };
}

/** What a clone gets as the old instance has it, by Google's word; compared all the same. */
function carried({ databaseVersion, settings }: Instance): [string, unknown][] {
  const { tier, edition, availabilityType, databaseFlags, ipConfiguration, dataDiskType, userLabels } =
    settings ?? {};
  const { authorizedNetworks, privateNetwork, ipv4Enabled, sslMode } = ipConfiguration ?? {};
  return Object.entries({
    version: databaseVersion,
    tier,
    edition,
    availability: availabilityType,
    'database flags': databaseFlags,
    'private network': privateNetwork,
    'public address': ipv4Enabled,
    'authorized networks': authorizedNetworks?.map(({ name, value }) => ({ name, value })),
    'SSL mode': sslMode,
    'disk type': dataDiskType,
    labels: userLabels,
  }).filter(([, value]) => value !== undefined && value !== null);
}

function differences(old: Instance, restored: Instance): string[] {
  const [wanted, is] = [Object.fromEntries(carried(old)), Object.fromEntries(carried(restored))];
  return Object.keys(wanted)
    .filter((name) => canonical(wanted[name] ?? null) !== canonical(is[name] ?? null))
    .map(
      (name) =>
        `${name} of the new instance is ${JSON.stringify(is[name])}, of the old one ${JSON.stringify(wanted[name])}`,
    );
}

const notCarried = ({ replicaNames }: Instance): string[] =>
  replicaNames && replicaNames.length > 0
    ? [`Cloud SQL does not clone read replicas: ${replicaNames.join(', ')}. Make them by hand.`]
    : [];
