import { failureIn, progressIn, resultIn, type JobProgress } from '../kubernetes/job-protocol.ts';
import { runJob, type JobEnd } from '../kubernetes/jobs.ts';
import { backstepJob } from '../kubernetes/backstep-job.ts';
import { deleteSecret, putSecret } from '../kubernetes/secrets.ts';
import type { Cluster } from '../kubernetes/cluster.ts';
import { placeOf } from '../domain/definition/dump-place.ts';
import { accessTo } from '../dumps/places/index.ts';
import type { ServiceDefinition } from '../domain/definition/service.ts';
import { defined } from '../domain/defined.ts';
import { Failure, failures, type FailureType } from '../domain/failures.ts';
import { jobName, labels, type OperationId } from '../domain/names.ts';
import { programNames, type Program, type ProgramArguments, type ProgramResult } from './programs.ts';
import type { StepName } from './steps.ts';

/** The Jobs of a migration tool that are given a database. */
const migrationParts = [
  'inspect',
  'rehearse',
  'rehearse-target',
  'rehearse-before',
  'downgrade',
  'verify',
  'verify-before',
] as const;
export type MigrationPart = (typeof migrationParts)[number];

/** What a Secret is for; a closed set, so that cleaning up needs no right to list Secrets. */
const secretParts = [...migrationParts, ...programNames];

/** To which databases the URLs in a Secret lead. */
export interface SecretDatabases {
  /** The application's role: the database that is fenced off, or one beside it. */
  database: string;
  /** The maintenance role, where that is another one. */
  adminDatabase?: string;
}

/** The Secret `<operation>-<part>` of a Job. */
export interface JobSecret extends SecretDatabases {
  part: MigrationPart | Program;
}

/** Keys of a Job's Secret. */
const keys = { application: 'DATABASE_URL', admin: 'ADMIN_URL' } as const;

/** Whose Jobs they are. */
interface Owner {
  operation: OperationId;
  service: ServiceDefinition;
}

interface Urls {
  applicationUrl: (database: string) => Promise<string>;
  adminUrl: (database: string) => Promise<string>;
}

/**
 * Makes the Secret of a Job, or gives it this content.
 *
 * @returns its name
 * @throws Failure SecretMissing, KubernetesRightMissing
 */
export async function jobSecret(
  cluster: Cluster,
  { operation, service, applicationUrl, adminUrl }: Owner & Urls,
  { part, database, adminDatabase = database }: JobSecret,
): Promise<string> {
  const name = `${operation}-${part}`;
  const content = {
    [keys.application]: await applicationUrl(database),
    [keys.admin]: await adminUrl(adminDatabase),
  };
  await putSecret(cluster, service.namespace, name, content, { [labels.operation]: operation });
  return name;
}

/** Deletes the Secrets of an operation's Jobs; those that are gone, or never were, are fine. */
export async function removeJobSecrets(cluster: Cluster, { operation, service }: Owner): Promise<void> {
  for (const part of secretParts) await deleteSecret(cluster, service.namespace, `${operation}-${part}`);
}

/** How a program runs as a Job. */
export interface ProgramJob {
  /** The step whose Job it is: part of its name, and a label. `artifacts` is no step, but a message. */
  step: StepName | 'artifacts';
  /** Tells Jobs of one step and try apart. */
  part?: string;
  /** Its databases, told by a Secret of the program's name; absent where it needs none. */
  databases?: SecretDatabases;
  /** Type of the failure where the Job ended without saying one. */
  orElse: FailureType;
}

/** The name of such a Job: a retry after a crash finds its own, a person's retry gets a new one. */
export const programJobName = (
  of: { operation: OperationId; try: number },
  { step, part }: Pick<ProgramJob, 'step' | 'part'>,
): string => jobName(of.operation, step, of.try, part);

interface Running extends Owner {
  cluster: Cluster;
  signal: AbortSignal;
  try: number;
  progress(progress: JobProgress): void;
  jobSecret(secret: JobSecret): Promise<string>;
}

/** As `ServiceContext.runJob`. */
export async function runProgram<P extends Program>(
  context: Running,
  image: string | undefined,
  program: P,
  args: ProgramArguments<P>,
  job: ProgramJob,
): Promise<ProgramResult<P>> {
  const { service, operation } = context;
  if (image === undefined)
    throw new Failure(
      'JobNotStarted',
      'Neither the definition (backup.image) nor BACKSTEP_JOB_IMAGE names the job image.',
    );
  const end = await runJob(
    context.cluster,
    backstepJob({
      name: programJobName(context, job),
      namespace: service.namespace,
      operation,
      step: job.step,
      image,
      program,
      arguments: args,
      ...defined({
        secret: job.databases && (await context.jobSecret({ part: program, ...job.databases })),
      }),
      access: accessTo(placeOf(service.backup)),
      serviceAccount: service.backup.serviceAccount,
      deadlineSeconds: Math.ceil(service.backup.timeout / 1_000),
    }),
    {
      signal: context.signal,
      onLine: (line) => {
        const progress = progressIn(line);
        if (progress !== undefined) context.progress(progress);
      },
    },
  );
  return resultOf(end, job.orElse) as ProgramResult<P>;
}

/**
 * What the program answered. A failure that Temporal would try again by itself becomes one for a person: the
 * same Job would only be found again, with the same end; their `retry` makes a new one.
 */
export function resultOf(end: JobEnd, orElse: FailureType): unknown {
  const result = end.succeeded ? resultIn(end.lines) : undefined;
  if (result !== undefined) return result;
  const said = failureIn(end.lines);
  if (said !== undefined) {
    const type = failures[said.type].retry || said.type === 'JobFailed' ? orElse : said.type;
    throw new Failure(type, `${said.message} (Job ${end.name})`);
  }
  const reason = end.reason ?? `exit code ${end.exitCode ?? 'unknown'}`;
  const lines = end.lines.filter((line) => line.trim() !== '' && progressIn(line) === undefined).slice(-10);
  throw new Failure(orElse, [`Job ${end.name} ended without a result: ${reason}.`, ...lines].join('\n'));
}
