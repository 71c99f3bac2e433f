import { createWriteStream } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { execa } from 'execa';
import type { Lab } from './lab.ts';
import type { Site } from './site.ts';

/** A worker process of its own, as in production; the same program that the image starts. */
export interface WorkerProcess {
  pid: number;
  /** Ends it as a crash would. */
  kill(): Promise<void>;
  /** Lets it drain. */
  stop(): Promise<void>;
}

export interface WorkerOptions {
  temporalNamespace: string;
  services: string;
  reports: string;
  jobImage: string;
  /** Public keys of the gateway whose word about people counts. */
  gatewayKeys?: string;
  /** Where people reach that gateway: messages link to its page. */
  publicUrl?: string;
}

const root = new URL('..', import.meta.url).pathname;

/** Environment that the worker, and the CLI, read. */
export function environment(lab: Lab, site: Site, options: WorkerOptions): Record<string, string> {
  return {
    TEMPORAL_ADDRESS: lab.temporal.address,
    TEMPORAL_NAMESPACE: options.temporalNamespace,
    KUBECONFIG: site.kubeconfig,
    BACKSTEP_SERVICES: options.services,
    BACKSTEP_REPORTS: options.reports,
    BACKSTEP_JOB_IMAGE: options.jobImage,
    ...(options.gatewayKeys !== undefined && { BACKSTEP_GATEWAY_KEYS: options.gatewayKeys }),
    ...(options.publicUrl !== undefined && { BACKSTEP_PUBLIC_URL: options.publicUrl }),
  };
}

/** Starts `dist/worker.js` and waits until it says that it is ready. */
export async function startWorker(lab: Lab, site: Site, options: WorkerOptions): Promise<WorkerProcess> {
  const log = createWriteStream(join(site.directory, 'worker.log'), { flags: 'a' });
  const child = execa(process.execPath, [join(root, 'dist/worker.js')], {
    env: environment(lab, site, options),
    all: true,
    buffer: false,
    reject: false,
    // A worker drains for a few seconds; execa would kill it meanwhile.
    forceKillAfterDelay: 20_000,
  });
  let said = '';
  child.all.on('data', (chunk: Buffer) => {
    said = (said + chunk.toString()).slice(-8_000);
  });
  child.all.pipe(log);
  for (let waited = 0; !said.includes('worker is ready'); waited += 50) {
    if (child.exitCode !== null || waited > 60_000) throw new Error(`the worker did not start:\n${said}`);
    await pause(50);
  }
  const end = async (signal: NodeJS.Signals) => {
    child.kill(signal);
    await child;
  };
  return { pid: child.pid ?? 0, kill: () => end('SIGKILL'), stop: () => end('SIGTERM') };
}
