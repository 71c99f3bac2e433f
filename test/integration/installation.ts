import { mkdtempSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { execa } from 'execa';
import { Client, type QueryResultRow } from 'pg';
import { parse, stringify } from 'yaml';
import { applications, type ApplicationName } from '../../examples/applications.ts';
import type * as deeptech from '../../examples/deeptech-radar/install.ts';
import { cronJobNames } from '../../examples/deeptech-radar/manifests.ts';
import { startGateway, type GatewayProcess } from '../../lab/gateway.ts';
import { jobImage } from '../../lab/job-image.ts';
import { current, type Lab } from '../../lab/lab.ts';
import { kubectl, prepareSite, removeSite, temporalCommand, type Site } from '../../lab/site.ts';
import { environment, startWorker, type WorkerOptions } from '../../lab/worker.ts';
import { createKeys } from '../../src/identity/keys.ts';
import { workerInProcess } from './worker-in-process.ts';
import type { ServiceDefinitionSource } from '../../src/domain/definition/service.ts';

/** Changes to the shipped definition, such as shorter waits; deep. */
export type Edit = (definition: ServiceDefinitionSource) => void;

export interface InstallationOptions {
  name: string;
  /** The application; also the name of its definition. */
  service?: ApplicationName;
  edit?: Edit;
  /** Another server for the application's database than the lab's. */
  postgres?: Pick<Lab['postgres'], 'host' | 'port' | 'superuserUrl'>;
  /** Passed on to the example's installation. */
  install?: Partial<deeptech.InstallOptions>;
  /**
   * `quick`, the default, leaves what the others lead to, from a clone of the migrated database and without the pods of
   * the way there. `pipeline` is release 1, Ready, then the migration and release 2, until it is seen to fail; options
   * say how that pipeline migrates. False for a service that is not broken yet.
   */
  broken?: 'quick' | 'pipeline' | deeptech.BadMigrationOptions | false;
  /** A worker process that can be killed, as in production, in place of one in the test's process. */
  workerProcess?: boolean;
  /** To which messages link. */
  publicUrl?: string;
}

/** The runbook's application, broken by its migration, with Backstep beside it: one namespace and database each. */
export interface Installation {
  lab: Lab;
  radar: deeptech.Radar;
  site: Site;
  temporalNamespace: string;
  env: Record<string, string>;
  /** Kills the worker process by SIGKILL; another one goes on at `restartWorker`. */
  killWorker(): Promise<void>;
  restartWorker(): Promise<void>;
  /** A worker for the same service in another Temporal namespace, as a second installation would be. */
  secondInstallation(): Promise<{ temporalNamespace: string; stop(): Promise<void> }>;
  /** Starts a gateway, for people and alerts; it ends with the installation. */
  gateway(
    people: Record<string, string>,
    secrets?: Record<string, string>,
    port?: number,
  ): Promise<GatewayProcess>;
  /** Rewrites the definition; the next rollback reads it. */
  define(edit: Edit): void;
  backstep(...args: string[]): Promise<{ stdout: string; stderr: string; exitCode: number }>;
  temporal(...args: string[]): Promise<string>;
  kubectl(...args: string[]): Promise<string>;
  /** Queries the application's database under a name, by default its own, as superuser. */
  sql<T extends QueryResultRow>(text: string, database?: string): Promise<T[]>;
  close(): Promise<void>;
}

const root = new URL('../..', import.meta.url).pathname;
/** The shipped definition waits as a person would; a test need not. */
const quick: Edit = (definition) => {
  definition.writes = { ...definition.writes, gracePeriod: '20s', quietFor: '1s' };
};

/** Backstep's own runs apart, no CronJob writes: the hourly ones would, between two looks at the world. */
const neverByThemselves = (changes: deeptech.InstallOptions['cronJobs'] = {}) =>
  Object.fromEntries(cronJobNames.map((name) => [name, { schedule: '0 0 29 2 *', ...changes[name] }]));

/** One CronJob to resume: for what happens before that. */
export const small: Edit = (definition) => {
  for (const cronJob of definition.cronJobs?.slice(1) ?? []) cronJob.suspended = true;
};

/** Neither rehearsed nor salvaged, which takes half of the time: for what comes out the same. */
export const plain: Edit = (definition) => {
  definition.rehearsal = { use: 'never' };
  definition.salvage = { use: 'never' };
};

export async function installed(options: InstallationOptions): Promise<Installation> {
  const running = await current();
  if (running === undefined) throw new Error('no lab is running: `npm run lab`');
  const lab = options.postgres
    ? { ...running, postgres: { ...running.postgres, ...options.postgres } }
    : running;
  const id = `${options.name}-${Date.now().toString(36).slice(-5)}`;
  const directory = mkdtempSync(join(tmpdir(), `backstep-${id}-`));
  const service = options.service ?? 'deeptech-radar';
  const application = applications[service];
  // Each pod is probed each second, which two shared cores feel.
  const replicas = options.install?.replicas ?? 1;
  const quickly =
    (options.broken ?? 'quick') === 'quick' && 'installBroken' in application
      ? application.installBroken
      : undefined;
  const [radar, image] = await Promise.all([
    (quickly ?? application.install)(lab, {
      namespace: id,
      database: id.replaceAll('-', '_'),
      replicas,
      ...options.install,
      cronJobs: neverByThemselves(options.install?.cronJobs),
    }),
    jobImage(lab),
    temporalCommand(lab, ['operator', 'namespace', 'create', '--namespace', id]),
  ]);
  const site = await prepareSite(lab, id, directory);
  const services = join(directory, 'services');
  const keys = await createKeys(join(directory, 'keys'));
  const worker: WorkerOptions = {
    gatewayKeys: keys.publicKeys,
    ...(options.publicUrl !== undefined && { publicUrl: options.publicUrl }),
    temporalNamespace: id,
    services,
    reports: join(directory, 'reports'),
    jobImage: image,
  };
  mkdirSync(services);
  const env = environment(lab, site, worker);
  const define = (edit: Edit) => {
    const source = parse(
      readFileSync(join(root, 'services', `${service}.yaml`), 'utf8'),
    ) as ServiceDefinitionSource;
    source.namespace = id;
    for (const workload of source.workloads) workload.replicas = replicas;
    for (const change of [quick, options.edit, edit]) change?.(source);
    writeFileSync(join(services, `${source.service}.yaml`), stringify(source));
  };
  define(() => {});
  const gateways: GatewayProcess[] = [];
  const startProcess = () => untilNamespace(() => startWorker(lab, site, worker));
  let process = options.workerProcess === true ? await startProcess() : undefined;
  const inProcess = (temporalNamespace: string) =>
    untilNamespace(() => workerInProcess(lab, site, { ...worker, temporalNamespace }));
  const stop = process === undefined ? await inProcess(id) : undefined;
  const made: Installation = {
    lab,
    radar,
    site,
    temporalNamespace: id,
    env,
    killWorker: async () => {
      if (process === undefined) throw new Error('this installation has no worker process');
      await process.kill();
    },
    restartWorker: async () => {
      process = await startProcess();
    },
    secondInstallation: async () => {
      const temporalNamespace = `${id}-second`;
      await temporalCommand(lab, ['operator', 'namespace', 'create', '--namespace', temporalNamespace]);
      return { temporalNamespace, stop: await inProcess(temporalNamespace) };
    },
    define,
    gateway: async (people, secrets = {}, port) => {
      const options = { env, directory, key: keys.privateKey, people, secrets };
      const started = await startGateway({ ...options, temporalUi: lab.temporal.uiUrl }, port);
      gateways.push(started);
      return started;
    },
    backstep: (...args) => backstep(env, args),
    temporal: (...args) => temporalCommand(lab, [...args, '--namespace', id]),
    kubectl: (...args) => kubectl(lab, ['-n', id, ...args]),
    sql: (text, database = radar.database) => query(lab, text, database),
    close: async () => {
      await Promise.all(gateways.map((each) => each.stop()));
      await process?.kill();
      await stop?.();
      await application.uninstall(lab, radar);
      await removeSite(lab, id);
    },
  };
  if (quickly === undefined && options.broken !== false) {
    const how = typeof options.broken === 'object' ? options.broken : {};
    await application.migrate(lab, radar, how);
  }
  return made;
}

async function backstep(env: Record<string, string>, args: string[]) {
  const end = await execa(globalThis.process.execPath, [join(root, 'dist/cli.js'), ...args], {
    env,
    reject: false,
    stdin: 'ignore',
  });
  return { stdout: end.stdout, stderr: end.stderr, exitCode: end.exitCode ?? -1 };
}

async function query<T extends QueryResultRow>(lab: Lab, text: string, database: string): Promise<T[]> {
  const url = new URL(lab.postgres.superuserUrl);
  url.pathname = `/${database}`;
  const client = new Client({ connectionString: url.href, application_name: 'test' });
  await client.connect();
  try {
    return (await client.query<T>(text)).rows;
  } finally {
    await client.end();
  }
}

/** A new Temporal namespace is known everywhere only after a moment. */
async function untilNamespace<T>(start: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await start();
    } catch (error) {
      if (attempt === 5) throw error;
      await pause(1_000);
    }
  }
}
