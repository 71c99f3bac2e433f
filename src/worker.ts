#!/usr/bin/env node
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Runtime, Worker } from '@temporalio/worker';
import { pino } from 'pino';
import { createActivities } from './activities/index.ts';
import { taskQueue } from './domain/names.ts';
import { connectWorker } from './worker/connection.ts';
import { registerAttributes } from './worker/search-attributes.ts';
import { temporalLogger } from './worker/log.ts';
import { meansOf } from './worker/dependencies.ts';
import { readSettings } from './worker/settings.ts';
import { whyEnded } from './worker/start-error.ts';

/** Workflows as built beside this file; from the sources they are bundled now. */
function workflows() {
  const codePath = fileURLToPath(new URL('workflow-bundle.js', import.meta.url));
  if (existsSync(codePath)) return { workflowBundle: { codePath } };
  return { workflowsPath: fileURLToPath(new URL('workflows/index.ts', import.meta.url)) };
}

async function main(): Promise<void> {
  const settings = readSettings(process.env);
  const log = pino({ level: settings.logLevel, base: { service: 'backstep-worker' } });
  Runtime.install({
    logger: temporalLogger(log),
    telemetryOptions: {
      logging: { forward: {}, filter: 'temporalio_sdk_core=WARN,temporalio_client=WARN,ERROR' },
    },
  });
  const dependencies = await meansOf(settings, log);
  const { connection, namespace, address } = await connectWorker();
  try {
    await registerAttributes(connection, namespace, log);
    const worker = await Worker.create({
      connection,
      namespace,
      taskQueue,
      ...workflows(),
      activities: createActivities(dependencies),
      // A dead worker's workflows answer from another one after 1.7 s instead of 10 to 12 s.
      stickyQueueScheduleToStartTimeout: '1s',
      // A workflow with zod takes some MB; hardly more rollbacks than this are ever open at once.
      maxCachedWorkflows: 50,
      // `status` shows what a step is doing by its heartbeats.
      maxHeartbeatThrottleInterval: '1s',
      defaultHeartbeatThrottleInterval: '1s',
      // SIGTERM drains: short steps end, long ones are handed to another worker, which finds their Jobs.
      shutdownGraceTime: '3s',
      shutdownForceTime: '15s',
    });
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
