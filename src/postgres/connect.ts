import { Client as PostgresClient, escapeIdentifier } from 'pg';
import { Failure } from '../domain/failures.ts';
import { postgresFailure } from './failure.ts';
import { nodeUrl } from './url.ts';

export type Client = PostgresClient;
export { postgresFailure } from './failure.ts';
export { namesOf, serverIn, withDatabase, withServer } from './url.ts';

export interface SessionOptions {
  /** Operation id; the session is then known as `backstep <operation>`, and never counted as foreign. */
  operation?: string;
  /** Milliseconds for one statement; 0 or absent: as long as it takes. */
  statementTimeout?: number;
  /** Milliseconds to wait for a lock; absent: 5 s. Backstep never queues up in front of the application. */
  lockTimeout?: number;
  /** Ends the session at once when aborted. */
  signal?: AbortSignal;
}

const connectWithin = 5_000;

/** How Backstep's own sessions and Jobs call themselves. */
export const applicationName = (operation?: string): string =>
  operation === undefined ? 'backstep' : `backstep ${operation}`;

/** Quotes a name, so that a database called `a"; DROP …` is just that. */
export const quoted = (identifier: string): string => escapeIdentifier(identifier);

/**
 * Opens a session, hands it to `use`, and closes it whatever happens. Row security is off, so that a policy
 * becomes an error instead of a count of 0; settings of role and database do not shorten the session.
 *
 * @throws Failure DatabaseUnreachable, DatabaseLoginRefused, DatabaseRightMissing, DatabaseInvalid; its
 *   message never holds the URL.
 */
export async function withClient<T>(
  url: string,
  options: SessionOptions,
  use: (client: Client) => Promise<T>,
): Promise<T> {
  const client = clientFor(url, options);
  // A session that the server ends would otherwise end the process: `error` is emitted besides the rejection.
  client.on('error', () => {});
  const abort = () => {
    void client.end().catch(() => {});
  };
  options.signal?.throwIfAborted();
  try {
    await client.connect();
    options.signal?.addEventListener('abort', abort, { once: true });
    await client.query(`
      SET row_security = off;
      SET statement_timeout = ${options.statementTimeout ?? 0};
      SET lock_timeout = ${options.lockTimeout ?? 5_000};
      SET default_transaction_read_only = off;
      SET client_min_messages = error;
      SELECT set_config(name, '0', false) FROM pg_catalog.pg_settings
      WHERE name IN ('transaction_timeout', 'idle_session_timeout', 'idle_in_transaction_session_timeout');
    `);
    return await use(client);
  } catch (error) {
    options.signal?.throwIfAborted();
    if (error instanceof Failure) throw error;
    throw postgresFailure(error, `use database ${client.database ?? ''} on ${client.host}:${client.port}`);
  } finally {
    options.signal?.removeEventListener('abort', abort);
    await client.end().catch(() => {});
  }
}

function clientFor(url: string, options: SessionOptions): Client {
  try {
    return new PostgresClient({
      connectionString: nodeUrl(url),
      application_name: applicationName(options.operation),
      connectionTimeoutMillis: connectWithin,
      keepAlive: true,
    });
  } catch (error) {
    throw postgresFailure(error, 'read the database URL');
  }
}
