#!/usr/bin/env node
import { Runtime } from '@temporalio/worker';
import { pino } from 'pino';
import { taskQueue } from './domain/names.ts';
import { connectWorker } from './worker/connection.ts';
import { createWorker } from './worker/create.ts';
import { registerAttributes } from './worker/connection.ts';
import { temporalLogger } from './worker/log.ts';
import { dependenciesOf } from './worker/dependencies.ts';
import { readSettings } from './worker/settings.ts';
import { whyEnded } from './process/start.ts';

async function main(): Promise<void> {
  const settings = readSettings(process.env);
  const log = pino({ level: settings.logLevel, base: { service: 'backstep-worker' } });
  Runtime.install({
    logger: temporalLogger(log),
    telemetryOptions: {
      logging: { forward: {}, filter: 'temporalio_sdk_core=WARN,temporalio_client=WARN,ERROR' },
    },
  });
  const dependencies = await dependenciesOf(settings, log);
  const { connection, namespace, address } = await connectWorker();
  try {
    await registerAttributes(connection, namespace, log);
    const worker = await createWorker({ connection, namespace, dependencies });
    const running = worker.run();
    log.info({ address, namespace, taskQueue }, 'the worker is ready');
    await running;
    log.info('the worker has drained');
  } finally {
    await connection.close();
  }
}

try {
  await main();
} catch (error) {
  process.stderr.write(`backstep worker: ${whyEnded(error)}\n`);
  // Temporal's native runtime would keep a process alive that has nothing to do.
  process.exit(1);
}
