import { join } from 'node:path';
import { execa } from 'execa';
import { applications, type ApplicationName, type Installed } from '../examples/applications.ts';
import { jobImage } from './job-image.ts';
import type { Lab } from './lab.ts';
import { prepareSite, removeNamespace, type Site } from './site.ts';
import { environment, type WorkerOptions } from './worker.ts';

const root = new URL('..', import.meta.url).pathname;

export interface BrokenOptions<W> {
  service: ApplicationName;
  /** The Kubernetes namespace; an earlier one of this name is removed first. */
  namespace: string;
  database: string;
  /** Rows in all tables together; the application's own default if not given. */
  rows?: number;
  /** For files: Backstep's kubeconfig, logs. */
  directory: string;
  worker: Omit<WorkerOptions, 'jobImage'>;
  startWorker: (lab: Lab, site: Site, options: WorkerOptions) => Promise<W>;
  say: (text: string) => void;
}

export interface Broken<W> {
  installed: Installed;
  site: Site;
  worker: W;
  /** What the worker and the CLI read. */
  env: Record<string, string>;
}

/**
 * Installs an application, releases its bad migration, and meanwhile sets Backstep up for it as an operator would:
 * rights, volume, worker, search attributes.
 */
export async function deployBroken<W>(lab: Lab, options: BrokenOptions<W>): Promise<Broken<W>> {
  const { service, namespace, database, rows, say } = options;
  const application = applications[service];
  say(`Deploying ${application.installing}, ${(rows ?? application.defaultRows).toLocaleString('en')} rows`);
  await removeNamespace(lab, namespace);
  const installed = await application.install(lab, {
    namespace,
    database,
    ...(rows !== undefined && { rows }),
  });
  say(`${application.migrating}. Meanwhile a Backstep worker starts`);
  const [started] = await Promise.all([startBackstep(lab, options), application.migrate(lab, installed)]);
  return { installed, ...started };
}

async function startBackstep<W>(lab: Lab, options: BrokenOptions<W>): Promise<Omit<Broken<W>, 'installed'>> {
  const [image, site] = await Promise.all([
    jobImage(lab),
    prepareSite(lab, options.namespace, options.directory),
  ]);
  const settings = { ...options.worker, jobImage: image };
  const env = environment(lab, site, settings);
  const [worker] = await Promise.all([
    options.startWorker(lab, site, settings),
    execa(process.execPath, [join(root, 'dist/cli.js'), 'setup'], { env }),
  ]);
  return { site, worker, env };
}
