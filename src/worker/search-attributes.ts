import type { NativeConnection } from '@temporalio/worker';
import type { Logger } from 'pino';
import { ClientError } from '../client/client-error.ts';
import { registerSearchAttributes } from '../client/search-attributes.ts';

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
