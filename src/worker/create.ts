import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Worker, type NativeConnection } from '@temporalio/worker';
import { createActivities } from '../activities/index.ts';
import type { Dependencies } from '../activities/context.ts';
import { taskQueue } from '../domain/names.ts';

/** Workflows as built; from the sources they are bundled now. */
function workflows() {
  const codePath = fileURLToPath(new URL('../workflow-bundle.js', import.meta.url));
  if (existsSync(codePath)) return { workflowBundle: { codePath } };
  return { workflowsPath: fileURLToPath(new URL('../workflows/index.ts', import.meta.url)) };
}

export interface WorkerParts {
  connection: NativeConnection;
  /** Of Temporal. */
  namespace: string;
  dependencies: Dependencies;
  /** A built bundle of the workflows, where it does not lie beside the program. */
  workflowBundle?: string;
}

/** A worker that takes orders and carries their steps out. It runs once `run()` is called. */
export async function createWorker(parts: WorkerParts): Promise<Worker> {
  const { connection, namespace, dependencies, workflowBundle: codePath } = parts;
  return Worker.create({
    connection,
    namespace,
    taskQueue,
    ...(codePath === undefined ? workflows() : { workflowBundle: { codePath } }),
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
}
