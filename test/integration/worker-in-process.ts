import { fileURLToPath } from 'node:url';
import { DefaultLogger, NativeConnection, Runtime, makeTelemetryFilterString } from '@temporalio/worker';
import { pino } from 'pino';
import type { Lab } from '../../lab/lab.ts';
import type { Site } from '../../lab/site.ts';
import type { WorkerOptions } from '../../lab/worker.ts';
import { connect } from '../../src/kubernetes/cluster.ts';
import { definitionsIn } from '../../src/storage/definitions.ts';
import { directory } from '../../src/storage/storage.ts';
import { createWorker } from '../../src/worker/create.ts';
import { registerAttributes } from '../../src/worker/connection.ts';

/** One native runtime serves every worker of this process. */
let installed = false;
const bundle = fileURLToPath(new URL('../../dist/workflow-bundle.js', import.meta.url));

/**
 * A worker in the test's own process: it acts with the rights of Backstep's ServiceAccount and runs the workflows as
 * built, but starts in a fraction of the time of `dist/worker.js`. It cannot be killed.
 *
 * @returns lets it drain
 */
export async function workerInProcess(
  lab: Lab,
  site: Site,
  options: WorkerOptions,
): Promise<() => Promise<void>> {
  if (!installed) {
    installed = true;
    Runtime.install({
      logger: new DefaultLogger('ERROR'),
      telemetryOptions: { logging: { filter: makeTelemetryFilterString({ core: 'ERROR' }) } },
    });
  }
  const { temporalNamespace: namespace, gatewayKeys, publicUrl } = options;
  const connection = await NativeConnection.connect({ address: lab.temporal.address });
  await registerAttributes(connection, namespace, pino({ level: 'silent' }));
  const worker = await createWorker({
    connection,
    namespace,
    workflowBundle: bundle,
    dependencies: {
      cluster: connect(site.kubeconfig),
      recordsNamespace: 'backstep',
      storage: directory(options.reports),
      definitions: definitionsIn(options.services),
      jobImage: options.jobImage,
      ...(gatewayKeys !== undefined && { gatewayKeys }),
      ...(publicUrl !== undefined && { publicUrl }),
    },
  });
  const running = worker.run();
  return async () => {
    worker.shutdown();
    await running;
    await connection.close();
  };
}
