import { mkdir, mkdtemp, readdir, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Logger } from 'pino';
import type { Dependencies } from '../activities/context.ts';
import { connect } from '../kubernetes/cluster.ts';
import type { Cluster } from '../kubernetes/cluster.ts';
import { readKeys } from '../identity/keys.ts';
import { check, definitionsIn } from '../storage/definitions.ts';
import { directory } from '../storage/storage.ts';
import { StartError } from '../process/start.ts';
import type { WorkerSettings } from './settings.ts';

/** The client library's answer where it finds no configuration at all. */
const nowhere = 'http://localhost:8080';

/** What the activities act with. Throws StartError where a worker could not do its work. */
export async function dependenciesOf(settings: WorkerSettings, log: Logger): Promise<Dependencies> {
  const cluster = connectCluster();
  await lookAtServices(settings.services, log);
  await tryToWrite(settings.reports);
  await tryToRead(settings.gatewayKeys);
  return {
    cluster,
    recordsNamespace: settings.recordsNamespace,
    storage: directory(settings.reports),
    definitions: definitionsIn(settings.services),
    ...(settings.jobImage === undefined ? {} : { jobImage: settings.jobImage }),
    ...(settings.publicUrl === undefined ? {} : { publicUrl: settings.publicUrl }),
    ...(settings.gatewayKeys === undefined ? {} : { gatewayKeys: settings.gatewayKeys }),
  };
}

function connectCluster(): Cluster {
  let why = 'there is no kubeconfig, and this is no pod with a service account';
  try {
    const cluster = connect();
    if (cluster.config.getCurrentCluster()?.server !== nowhere) return cluster;
  } catch (error) {
    why = (error as Error).message;
  }
  throw new StartError(
    `No Kubernetes cluster: ${why}. Set KUBECONFIG, or run the worker with a service account.`,
  );
}

/** By writing: permission bits say nothing to root, nor of a file system mounted read-only. */
async function tryToWrite(reports: string): Promise<void> {
  try {
    await mkdir(reports, { recursive: true, mode: 0o750 });
    await rmdir(await mkdtemp(join(reports, '.writable-')));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new StartError(
      `The reports directory ${reports} cannot be written: ${code}. Set BACKSTEP_REPORTS.`,
    );
  }
}

/** They are read again at each proof; here, so that a wrong path is noticed before somebody presses Approve. */
async function tryToRead(gatewayKeys: string | undefined): Promise<void> {
  if (gatewayKeys === undefined) return;
  await readKeys(gatewayKeys).catch((error: unknown) => {
    const { code, message } = error as NodeJS.ErrnoException;
    throw new StartError(
      `The public keys of the gateway cannot be read: ${code ?? message} (${gatewayKeys}). Set BACKSTEP_GATEWAY_KEYS; \`backstep setup --gateway-keys <dir>\` makes them.`,
    );
  });
}

/** A definition with faults keeps only its own service from being rolled back, so it is a warning. */
async function lookAtServices(services: string, log: Logger): Promise<void> {
  let files: string[];
  try {
    files = (await readdir(services)).filter((file) => /^[^.].*\.ya?ml$/.test(file));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new StartError(
      `The services directory ${services} cannot be read: ${code}. Set BACKSTEP_SERVICES.`,
    );
  }
  const checked = await check(files.map((file) => join(services, file)));
  for (const { message } of [...checked.values()].flatMap(({ faults }) => faults)) log.warn(message);
  const sound = [...checked.values()].flatMap(({ definition }) => definition?.service ?? []);
  log.info(
    { services: sound },
    sound.length === 0 ? `no service is defined in ${services}` : 'services defined',
  );
}
