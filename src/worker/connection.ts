import { setTimeout as pause } from 'node:timers/promises';
import { NativeConnection } from '@temporalio/worker';
import type { Logger } from 'pino';
import { ClientError } from '../client/client-error.ts';
import { settings } from '../client/connection.ts';
import { registerSearchAttributes } from '../client/search-attributes.ts';
import { StartError } from '../process/start.ts';

/** The Temporal server, and a namespace just made, may come up a moment after the worker. */
const within = 20_000;

/**
 * Connects a worker by the ordinary settings of Temporal clients, and looks whether the namespace is there.
 * Throws StartError after 20 s.
 */
export async function connectWorker() {
  const { connection: options, namespace } = settings();
  const address = options.address ?? 'localhost:7233';
  for (const began = Date.now(); ; await pause(500)) {
    const tried = await connect(options, namespace);
    if ('connection' in tried) return { ...tried, namespace, address };
    if (tried.final || Date.now() - began > within) {
      throw new StartError(
        `Temporal at ${address}: ${tried.why}. Check TEMPORAL_ADDRESS and TEMPORAL_NAMESPACE.`,
      );
    }
  }
}

async function connect(
  options: Parameters<typeof NativeConnection.connect>[0],
  namespace: string,
): Promise<{ connection: NativeConnection } | { why: string; final: boolean }> {
  let connection: NativeConnection | undefined;
  try {
    connection = await NativeConnection.connect(options);
    await connection.workflowService.describeNamespace({ namespace });
    return { connection };
  } catch (error) {
    await connection?.close();
    return reason(error, namespace);
  }
}

/** gRPC codes: 5 NOT_FOUND, 7 PERMISSION_DENIED, 16 UNAUTHENTICATED. */
function reason(error: unknown, namespace: string): { why: string; final: boolean } {
  const { code, details, message } = error as Error & { code?: number; details?: string };
  if (code === 5) return { why: `it has no namespace "${namespace}"`, final: false };
  // Of the native client's nested error only the innermost is for people.
  const inner = /message: "([^"]+)"/.exec(message)?.[1];
  return { why: details ?? inner ?? message, final: code === 7 || code === 16 };
}

/**
 * Registers what is missing, so that rollbacks can be listed by service and phase. Without the right to, the
 * worker says so and starts: `assess` looks before each rollback, and none is ever set unregistered.
 */
export async function registerAttributes(
  connection: Pick<NativeConnection, 'operatorService'>,
  namespace: string,
  log: Pick<Logger, 'info' | 'warn'>,
): Promise<void> {
  try {
    const registered = await registerSearchAttributes(connection.operatorService, namespace);
    if (registered.length > 0) log.info({ registered, namespace }, 'search attributes registered');
  } catch (error) {
    const said = error instanceof ClientError ? `${error.message} ${error.next}` : String(error);
    log.warn({ namespace }, `rollbacks cannot be listed by service and phase: ${said}`);
  }
}
