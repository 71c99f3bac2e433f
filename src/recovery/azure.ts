import { utc } from '../domain/text.ts';
import {
  PostgreSQLManagementFlexibleServerClient,
  type PostgreSQLManagementFlexibleServerClientOptionalParams,
  type Server,
} from '@azure/arm-postgresql-flexible';
import { DefaultAzureCredential } from '@azure/identity';
import { Failure } from '../domain/failures.ts';
import type { Endpoint } from '../domain/plan/point-in-time.ts';
import type { PointInTimeOf } from '../domain/definition/point-in-time.ts';
import { carryOver } from './azure/carry-over.ts';
import { messageOf, providerFailure } from './failure.ts';
import { lookEvery, type Provider, type ProviderOptions } from './provider.ts';
import { until } from './wait.ts';

type Client = PostgreSQLManagementFlexibleServerClient;
type Credential = ConstructorParameters<typeof PostgreSQLManagementFlexibleServerClient>[0];

const tag = 'backstep-operation';
const clientPort = 5432;
/** Azure takes so long to have the newest log in its backups. */
const lag = 5 * 60_000;

export interface AzureOptions extends ProviderOptions {
  credential?: Credential;
  client?: PostgreSQLManagementFlexibleServerClientOptionalParams;
}

/** Azure Database for PostgreSQL, flexible server. */
export function azure(
  { subscription, resourceGroup: group, instance: identifier, api }: PointInTimeOf<'azure'>,
  { every = lookEvery, credential = new DefaultAzureCredential(), client: given }: AzureOptions = {},
): Provider {
  const client: Client = new PostgreSQLManagementFlexibleServerClient(credential, subscription, {
    retryOptions: { maxRetries: 4 },
    ...given,
    ...(api !== undefined && { endpoint: api, $host: api }),
  });

  const find = async (name: string, abortSignal: AbortSignal): Promise<Server | undefined> => {
    try {
      return await client.servers.get(group, name, { abortSignal });
    } catch (error) {
      abortSignal.throwIfAborted();
      if (saidBy(error).status === 404) return undefined;
      throw failureOf(`describe the server ${name}`, error);
    }
  };

  const source = async (signal: AbortSignal): Promise<Server> => {
    const found = await find(identifier, signal);
    if (found !== undefined) return found;
    throw new Failure(
      'NotRestorable',
      `There is no flexible server ${identifier} in resource group ${group}.`,
    );
  };

  return {
    describe: async (signal) => {
      const found = await source(signal);
      const earliest = found.backup?.earliestRestoreDate;
      if (earliest === undefined)
        throw new Failure('NotRestorable', `Server ${identifier} has no backup to restore from yet.`);
      const { sku, network, highAvailability } = found;
      return {
        name: identifier,
        endpoint: endpointOf(found),
        earliest,
        latest: new Date(Date.now() - lag),
        carries: [
          `size ${sku?.name ?? 'unknown'}`,
          network?.delegatedSubnetResourceId === undefined
            ? 'public access with its firewall rules'
            : `subnet ${network.delegatedSubnetResourceId.split('/').at(-1) ?? ''}`,
          `high availability ${highAvailability?.mode ?? 'Disabled'}`,
          'server parameters',
        ],
        notes: [
          'Azure does not carry over: private endpoints, Microsoft Entra administrators, diagnostic settings, read replicas. Set up by hand what there is of them.',
        ],
      };
    },

    restore: async ({ to, name, operation, within }, { signal, onProgress }) => {
      const old = await source(signal);
      const there = await find(name, signal);
      let trouble: Failure | undefined;
      if (there === undefined) {
        onProgress(`asks Azure for ${name} as ${identifier} was at ${utc(to.toISOString())}`);
        const begin = client.servers.beginCreateOrUpdate(group, name, serverLike(old, to, operation), {
          abortSignal: signal,
          updateIntervalInMs: every,
        });
        const poller = await ask(`restore ${identifier} to ${utc(to.toISOString())}`, begin, signal);
        // Followed for its error only: whether the server is there, another attempt must be able to see too.
        poller.pollUntilDone({ abortSignal: signal }).catch((error: unknown) => {
          if (!signal.aborted) trouble = failureOf(`restore ${identifier}`, error);
        });
      } else if (there.tags?.[tag] !== operation) {
        throw new Failure('NotRestorable', `A server ${name} exists, and is not of operation ${operation}.`);
      }
      const ready = await until({ every, within, signal, what: `Server ${name}` }, async () => {
        if (trouble !== undefined) throw trouble;
        const now = await find(name, signal);
        const state = now?.state ?? 'not there yet';
        onProgress(`server ${name} is ${state}`);
        if (/^(Disabled|Dropping|Inaccessible|Stopped)$/.test(state))
          throw new Failure('NotRestorable', `Server ${name} is ${state}.`);
        return state === 'Ready' ? now : undefined;
      });
      onProgress(`carries parameters and firewall of ${identifier} over to ${name}`);
      const carrying = carryOver(client, group, { old, name, signal, every });
      const notes = await ask(`carry the settings of ${identifier} over to ${name}`, carrying, signal);
      return { name, endpoint: endpointOf(ready), notes };
    },
  };
}

const serverLike = (old: Server, to: Date, operation: string): Server => ({
  location: old.location,
  createMode: 'PointInTimeRestore',
  pointInTimeUTC: to,
  ...(old.id !== undefined && { sourceServerResourceId: old.id }),
  ...(old.network && { network: networkOf(old.network) }),
  ...(old.availabilityZone !== undefined && { availabilityZone: old.availabilityZone }),
  ...(old.identity && { identity: old.identity }),
  ...(old.dataEncryption && { dataEncryption: old.dataEncryption }),
  tags: { ...old.tags, [tag]: operation },
});

/** A server within a network is refused the public access that it is described with. */
const networkOf = (network: NonNullable<Server['network']>): NonNullable<Server['network']> => {
  const { delegatedSubnetResourceId, privateDnsZoneArmResourceId, publicNetworkAccess } = network;
  if (delegatedSubnetResourceId === undefined)
    return publicNetworkAccess === undefined ? {} : { publicNetworkAccess };
  return {
    delegatedSubnetResourceId,
    ...(privateDnsZoneArmResourceId !== undefined && { privateDnsZoneArmResourceId }),
  };
};

function endpointOf({ fullyQualifiedDomainName: host, name }: Server): Endpoint {
  if (host === undefined) throw new Failure('NotRestorable', `Server ${name} has no address.`);
  return { host, port: clientPort };
}

async function ask<T>(doing: string, asking: Promise<T>, signal: AbortSignal): Promise<T> {
  try {
    return await asking;
  } catch (error) {
    signal.throwIfAborted();
    throw failureOf(doing, error);
  }
}

/** Requests fail with a RestError; anything else is the word of a long operation that it has failed. */
function failureOf(doing: string, error: unknown): Failure {
  if (error instanceof Failure) return error;
  const { name = '' } = error as { name?: string };
  if (/RestError|Credential|Authentication/.test(name)) return providerFailure('Azure', doing, saidBy(error));
  return new Failure('NotRestorable', `Could not ${doing}: Azure says ${messageOf(error)}`);
}

function saidBy(error: unknown) {
  const { statusCode, code, name } = error as { statusCode?: number; code?: string; name?: string };
  return { status: statusCode, code: code ?? name, message: messageOf(error) };
}
