import { Client, Connection } from '@temporalio/client';
import { loadClientConnectConfig } from '@temporalio/envconfig';
import { ClientError, unreachable } from './client-error.ts';

export interface ConnectOptions {
  /** `host:port`; otherwise TEMPORAL_ADDRESS or the profile's, otherwise localhost:7233. */
  address?: string;
  namespace?: string;
  /** A profile of the Temporal TOML file; otherwise TEMPORAL_PROFILE, otherwise `default`. */
  profile?: string;
  /** Milliseconds until the server must have answered; 5,000 if not given. */
  connectTimeout?: number;
  /** Connect at the first call instead, and again by itself after a loss: for what must run without a server. */
  lazy?: boolean;
}

const defaultTimeout = 5_000;

/** The ordinary settings of Temporal clients, from environment or TOML profile, with options on top. */
export function settings(options: ConnectOptions = {}) {
  try {
    const { connectionOptions, namespace } = loadClientConnectConfig(
      options.profile === undefined ? {} : { profile: options.profile },
    );
    return {
      connection: {
        ...connectionOptions,
        ...(options.address === undefined ? {} : { address: options.address }),
      },
      namespace: options.namespace ?? namespace ?? 'default',
    };
  } catch (error) {
    throw new ClientError(
      'invalid',
      `The Temporal client settings cannot be read: ${(error as Error).message}.`,
      'Correct TEMPORAL_CONFIG_FILE, TEMPORAL_PROFILE or the file they name.',
      { cause: error },
    );
  }
}

/** Connects a Temporal client. Throws ClientError `unreachable` after the connect time-out. */
export async function connectClient(options: ConnectOptions = {}): Promise<Client> {
  const { connection: found, namespace } = settings(options);
  const timeout = options.connectTimeout ?? defaultTimeout;
  try {
    const wanted = {
      ...(found.address === undefined ? {} : { address: found.address }),
      ...(found.tls === undefined ? {} : { tls: found.tls }),
      ...(found.apiKey === undefined ? {} : { apiKey: found.apiKey }),
      ...(found.metadata === undefined ? {} : { metadata: found.metadata }),
      connectTimeout: timeout,
    };
    const connection = options.lazy ? Connection.lazy(wanted) : await Connection.connect(wanted);
    return new Client({ connection, namespace });
  } catch (error) {
    const address = found.address ?? 'localhost:7233';
    throw unreachable(`no answer from ${address} within ${timeout / 1_000} s`, { cause: error });
  }
}
