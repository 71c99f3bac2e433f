import { setTimeout as pause } from 'node:timers/promises';
import { Hono } from 'hono';
import { ClientError } from '../client.ts';
import type { Backstep } from '../client.ts';
import { shortRetention } from '../client/retention.ts';
import type { GatewayDependencies } from './dependencies.ts';

/** How soon Temporal must answer: PagerDuty waits five seconds for us. */
const within = 2_000;

async function late(): Promise<never> {
  await pause(within, undefined, { ref: false });
  throw new Error('no answer in time');
}

/** Throws ClientError `unreachable` where Temporal does not answer now, without waiting for it to come back. */
export async function temporalAnswers({ temporal }: Backstep): Promise<void> {
  const { connection, options } = temporal;
  try {
    const asked = connection.withDeadline(Date.now() + within, () =>
      connection.workflowService.describeNamespace({ namespace: options.namespace }),
    );
    // The SDK goes on trying a while beyond the deadline.
    await Promise.race([asked, late()]);
  } catch (error) {
    const next = 'Send it again later; the gateway comes back by itself.';
    const why = `no answer within ${within / 1_000} s, or no such namespace`;
    throw new ClientError('unreachable', `Temporal cannot be reached: ${why}.`, next, { cause: error });
  }
}

/** For those who watch over the gateway: it lives; it can serve. */
export function healthRoutes({
  backstep,
  definitions,
}: Pick<GatewayDependencies, 'backstep' | 'definitions'>): Hono {
  const app = new Hono();
  app.get('/healthz', (context) => context.json({ status: 'alive' }));
  app.get('/readyz', async (context) => {
    await temporalAnswers(backstep);
    return context.json({ status: 'ready', services: await definitions.list() });
  });
  return app;
}

/** Temporal may come later. */
const again = 30_000;

/** Warns once, as soon as Temporal answers, where a repeated alert could be taken for a new one. */
export async function lookAtRetention(
  { backstep, log }: Pick<GatewayDependencies, 'backstep' | 'log'>,
  every = again,
): Promise<void> {
  for (;;) {
    try {
      await temporalAnswers(backstep);
      const short = await shortRetention(backstep.temporal);
      if (short !== undefined) log.warn(short);
      return;
    } catch {
      await pause(every, undefined, { ref: false });
    }
  }
}
