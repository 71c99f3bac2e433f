#!/usr/bin/env node
import { setTimeout as pause } from 'node:timers/promises';
import { serve } from '@hono/node-server';
import { pino } from 'pino';
import { createGateway } from './gateway/app.ts';
import { gatewayDependencies } from './gateway/dependencies.ts';
import { lookAtRetention } from './gateway/health.ts';
import { readGatewaySettings } from './gateway/settings.ts';
import { whyEnded } from './process/start.ts';

/** Requests under way may end; open event streams may not hold the gateway up. */
const drainFor = 4_000;

async function main(): Promise<void> {
  const settings = readGatewaySettings(process.env);
  const log = pino({ level: settings.logLevel, base: { service: 'backstep-gateway' } });
  const dependencies = await gatewayDependencies(settings, log);
  const { host: hostname, port } = settings;
  const server = serve({
    fetch: createGateway(dependencies).fetch,
    hostname,
    port,
    // A body of a megabyte takes no longer; who sends it byte by byte is not waited for.
    serverOptions: { requestTimeout: 30_000, headersTimeout: 10_000, maxHeaderSize: 32 * 1024 },
  });
  const stopped = new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.once('listening', () => {
      const { publicUrl } = dependencies;
      const { namespace } = dependencies.backstep.temporal.options;
      log.info({ address: server.address(), publicUrl, namespace }, 'the gateway is ready');
      void lookAtRetention(dependencies);
    });
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => resolve());
  });
  try {
    await stopped;
    const closed = new Promise((resolve) => server.close(resolve));
    await Promise.race([closed, pause(drainFor)]);
    log.info('the gateway has drained');
  } finally {
    if ('closeAllConnections' in server) server.closeAllConnections();
  }
}

try {
  await main();
  // Its connection to Temporal is left to the system: a call that the SDK tries again would throw on a closed one.
  process.exit(0);
} catch (error) {
  process.stderr.write(`backstep gateway: ${whyEnded(error)}\n`);
  process.exit(1);
}
