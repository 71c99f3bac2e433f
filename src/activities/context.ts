import type { Cluster } from '../kubernetes/cluster.ts';
import { claim, close, readRecord, update } from '../kubernetes/records.ts';
import { readSecret } from '../kubernetes/secrets.ts';
import { withClient, withDatabase, withServer, type Client } from '../postgres/connect.ts';
import { fenceOf, type Fence } from '../postgres/fence.ts';
import { toolOf, type ToolDependencies } from '../migrations/index.ts';
import type { MigrationTool } from '../migrations/tool.ts';
import type { Provider } from '../recovery/provider.ts';
import type { Definitions } from '../storage/definitions.ts';
import type { Storage } from '../storage/storage.ts';
import type { PointInTime } from '../domain/definition/point-in-time.ts';
import type { SecretReference, ServiceDefinition } from '../domain/definition/service.ts';
import { defined } from '../domain/defined.ts';
import { Failure } from '../domain/failures.ts';
import type { OperationId } from '../domain/names.ts';
import type { Plan } from '../domain/plan/plan.ts';
import type { Endpoint } from '../domain/plan/point-in-time.ts';
import type { FinishedOperation, OperationRecord } from '../domain/record.ts';
import { jobSecret, runProgram, type JobSecret, type ProgramJob } from './jobs.ts';
import type { Program, ProgramArguments, ProgramResult } from './programs.ts';

/** The infrastructure that activities act with; tests hand in other one. */
export interface Dependencies extends ToolDependencies {
  cluster: Cluster;
  /** Namespace of the operation records. */
  recordsNamespace: string;
  /** Where reports and evidence are kept. */
  storage: Storage;
  definitions: Definitions;
  /** Backstep's job image, where a definition names none (BACKSTEP_JOB_IMAGE). */
  jobImage?: string;
  /** Where people reach the gateway's page, without a slash at its end (BACKSTEP_PUBLIC_URL). */
  publicUrl?: string;
  /** Path of the gateway's public keys, by which persons are proved (BACKSTEP_GATEWAY_KEYS). */
  gatewayKeys?: string;
  /** Who restores to a point in time; tests make theirs look more often. */
  providerOf?: (definition: PointInTime) => Promise<Provider>;
}

/** What is being done right now: the heartbeat details, and what `status` shows. */
export interface Doing {
  doing: string;
  done?: number;
  of?: number;
  unit?: 'rows' | 'bytes' | 'pods' | 'sessions';
  /** Pods, Jobs and sessions that still live where writes are to stop; the first few. */
  alive?: string[];
}

/** One attempt of Temporal at an activity. */
export interface Attempt {
  /** Aborted when the activity is cancelled or the worker shuts down. */
  signal: AbortSignal;
  /** True where the workflow asked for the end; false where only this worker shuts down and another goes on. */
  cancelRequested: () => boolean;
  progress: (doing: Doing) => void;
  /** Structured log with the operation and the step. */
  log: {
    info: (message: string, fields?: object) => void;
    warn: (message: string, fields?: object) => void;
  };
}

/** What every activity is handed, whatever it is about. */
export interface BaseContext extends Dependencies, Attempt {}

export interface SessionLimits {
  /** Milliseconds for one statement; as long as it takes if absent. */
  statementTimeout?: number;
  /** Milliseconds to wait for a lock; 5 s if absent. */
  lockTimeout?: number;
}

/**
 * Sessions on a service's server. Each is known by the operation's name, and ended when the activity is
 * cancelled. Secrets are read anew for each one, so that a password can be changed meanwhile.
 */
export interface ServerAccess {
  /**
   * URL of the maintenance role, which fences the database, makes and drops others, and ends sessions.
   *
   * @param database another one than the definition's maintenance database
   */
  adminUrl: (database?: string) => Promise<string>;
  /**
   * URL of the application's role.
   *
   * @param database its name right now, or that of a copy; the one in the URL if absent
   */
  applicationUrl: (database?: string) => Promise<string>;
  /** URL of the role that may create extensions which are not trusted, where the definition has one. */
  extensionAdminUrl: () => Promise<string | undefined>;
  /**
   * A session of the maintenance role.
   *
   * @throws Failure SecretMissing, DatabaseUnreachable, DatabaseLoginRefused, and what `use` throws
   */
  admin: <T>(use: (admin: Client) => Promise<T>, limits?: SessionLimits & { on?: string }) => Promise<T>;
  /** A session of the application's role on the database of that name. Throws as `admin` does. */
  database: <T>(name: string, use: (client: Client) => Promise<T>, limits?: SessionLimits) => Promise<T>;
}

/** What an activity about a service is handed. */
export interface ServiceContext extends BaseContext, ServerAccess {
  service: ServiceDefinition;
  operation: OperationId;
  /** What runs the service's migrations. */
  tool: MigrationTool;
  /** 1, and one more for each `retry` by a person. */
  try: number;
  /**
   * Makes the short-lived Secret for a Job: the application's URL and the maintenance role's.
   *
   * @returns its name, in the service's namespace
   */
  jobSecret: (secret: JobSecret) => Promise<string>;
  /**
   * Runs a program of Backstep's job image as a Job in the service's namespace, passes its progress on, and
   * answers with its result. A Job of the same name is joined: a retry after a crash finds its own.
   *
   * @throws Failure as the program says it, or `job.orElse` where the Job ended without saying one
   */
  runJob: <P extends Program>(
    program: P,
    args: ProgramArguments<P>,
    job: ProgramJob,
  ) => Promise<ProgramResult<P>>;
}

/** The operation record of this very operation (law 6), changed by compare-and-swap. */
export interface RecordAccess {
  /** Whoever's it is; undefined where no operation holds the database. */
  find: () => Promise<OperationRecord | undefined>;
  /** @throws Failure OperationLost where another operation holds the database, or none */
  read: () => Promise<OperationRecord>;
  /** `change` may run more than once. Throws Failure OperationLost as `read` does. */
  update: (change: (record: OperationRecord) => OperationRecord) => Promise<OperationRecord>;
  /** As `update`, for a step that undoes: from then on `update` throws OperationLost, whoever calls it. */
  unwind: (change: (record: OperationRecord) => OperationRecord) => Promise<OperationRecord>;
  /**
   * Creates the record, finds this operation's own again, or takes up the one that the plan names.
   *
   * @throws Failure OperationLost where another operation holds the database
   */
  claim: (wanted: OperationRecord) => Promise<OperationRecord>;
  /**
   * Removes the record, and remembers that the operation is finished.
   *
   * @param keepFor milliseconds for which failed databases are kept
   */
  close: (finished: Omit<FinishedOperation, 'artifacts'>, keepFor: number) => Promise<void>;
}

/** What a step's activity is handed: everything in it is about the plan's service, database and operation. */
export interface ActivityContext<P extends Plan = Plan> extends ServiceContext {
  plan: P;
  record: RecordAccess;
  fence: Fence;
  /** The same roles and the fence on another server, to which a point-in-time restore leads. */
  onServer: (endpoint: Endpoint) => ServerAccess & { fence: Fence };
  /** The same with another signal: what is done with it ends when that one is aborted. */
  withSignal: (signal: AbortSignal) => ActivityContext<P>;
  /** The same, which goes on although the activity is cancelled: for what has to be finished or removed. */
  nonCancellable: () => ActivityContext<P>;
}

/**
 * The context of an activity that has no plan (yet), about a service.
 *
 * @param of.jobImage image of Backstep's own Jobs; if absent, the definition's or the worker's
 */
export function serviceContext(
  base: BaseContext,
  of: { service: ServiceDefinition; operation: OperationId; jobImage?: string; try?: number },
): ServiceContext {
  const { service, operation } = of;
  const jobImage = of.jobImage ?? service.backup.image ?? base.jobImage;
  const access = accessTo(base, service, operation);
  const context: ServiceContext = {
    ...base,
    ...access,
    service,
    operation,
    tool: toolOf(base, service),
    try: of.try ?? 1,
    ...defined({ jobImage }),
    jobSecret: (secret) => jobSecret(base.cluster, { service, operation, ...access }, secret),
    runJob: (program, args, job) => runProgram(context, jobImage, program, args, job),
  };
  return context;
}

/** The context of a step's activity. */
export function activityContext<P extends Plan>(
  base: BaseContext,
  asked: { plan: P; try?: number },
): ActivityContext<P> {
  const { plan } = asked;
  const { service, operation, database, jobImage } = plan;
  const on = serviceContext(base, { service, operation, jobImage, try: asked.try ?? 1 });
  const withSignal = (signal: AbortSignal) => activityContext({ ...base, signal }, asked);
  return {
    ...on,
    plan,
    record: recordOf(base, plan),
    fence: fenceOf(on.admin, database, base.signal),
    onServer: (endpoint) => {
      const there = accessTo(base, service, operation, endpoint);
      return { ...there, fence: fenceOf(there.admin, database, base.signal) };
    },
    withSignal,
    nonCancellable: () => withSignal(new AbortController().signal),
  };
}

function accessTo(
  { cluster, signal }: Pick<BaseContext, 'cluster' | 'signal'>,
  { namespace, database }: ServiceDefinition,
  operation: OperationId,
  endpoint?: Endpoint,
): ServerAccess {
  const read = async (reference: SecretReference, name?: string): Promise<string> => {
    const url = await readSecret(cluster, namespace, reference);
    const there = endpoint === undefined ? url : withServer(url, endpoint);
    return name === undefined ? there : withDatabase(there, name);
  };
  const adminUrl = (name?: string) => read(database.admin, name);
  const applicationUrl = (name?: string) => read(database.url, name);
  return {
    adminUrl,
    applicationUrl,
    extensionAdminUrl: async () =>
      database.extensionAdmin === undefined ? undefined : read(database.extensionAdmin),
    admin: async (use, { on, ...limits } = {}) =>
      withClient(await adminUrl(on), { operation, signal, ...limits }, use),
    database: async (name, use, limits) =>
      withClient(await applicationUrl(name), { operation, signal, ...limits }, use),
  };
}

/** An attempt whose worker was frozen may go on after what it did was put back. */
function notUnwinding(record: OperationRecord): OperationRecord {
  if (record.unwindingAt === undefined) return record;
  throw new Failure(
    'OperationLost',
    `What ${record.operation} stopped is being put back since ${record.unwindingAt}: this step must not go on.`,
  );
}

function recordOf({ cluster, recordsNamespace }: Dependencies, plan: Plan): RecordAccess {
  const { database, operation } = plan;
  const find = async () => (await readRecord(cluster, recordsNamespace, database)).record;
  return {
    find,
    read: async () => {
      const record = await find();
      if (record?.operation === operation) return record;
      throw new Failure('OperationLost', `The record of ${database.name} is not of ${operation} any more.`);
    },
    update: (change) =>
      update(cluster, recordsNamespace, database, operation, (record) => change(notUnwinding(record))),
    unwind: (change) =>
      update(cluster, recordsNamespace, database, operation, (record) => ({
        ...change(record),
        unwindingAt: record.unwindingAt ?? new Date().toISOString(),
      })),
    claim: (wanted) => claim(cluster, recordsNamespace, wanted, plan.takesUp?.operation),
    close: (finished, keepFor) => close(cluster, recordsNamespace, database, operation, finished, keepFor),
  };
}
