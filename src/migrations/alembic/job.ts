import { readFileSync } from 'node:fs';
import type { V1EnvVar, V1Job } from '@kubernetes/client-node';
import type { z } from 'zod';
import { jobFromTemplate } from '../../kubernetes/job-template.ts';
import type { JobEnd } from '../../kubernetes/jobs.ts';
import { failureIn, resultIn } from '../../kubernetes/job-protocol.ts';
import { applicationName } from '../../postgres/connect.ts';
import { Failure } from '../../domain/failures.ts';
import type { MigrationsOf } from '../../domain/definition/migrations.ts';
import type { MigrationJob } from '../tool.ts';

export type Request =
  | { mode: 'inspect'; /** Also let env.py say at which revision it finds its database. */ current: boolean }
  | ({ mode: 'migrate'; from: string; target: string } & Partial<OnACopy>)
  | { mode: 'build'; target: string; onlyDatabase?: string };

/** A rehearsal watches what the migrations do, and lets them reach no database but the copy. */
export interface OnACopy {
  observe: true;
  onlyDatabase: string;
}

const parts = ['1_protocol', '2_configuration', '3_history', '4_session', '5_observed', '6_move'];
const program = parts
  .map((part) => readFileSync(new URL(`./program/${part}.py`, import.meta.url), 'utf8'))
  .join('\n');
/** Key of the Secrets that activities/connections.ts makes. */
const urlKey = 'DATABASE_URL';

/** The Job that runs the program: nothing is installed in the image, and no file of it is changed. */
export function alembicJob(
  { namespace, migrations }: { namespace: string; migrations: MigrationsOf<'alembic'> },
  job: MigrationJob,
  request: Request,
): V1Job {
  const { config, scriptLocation, options, versionTable, databaseUrl, setUrlOption } = migrations;
  const application = applicationName(job.operation);
  const how = { config, scriptLocation, options, versionTable, databaseUrl, setUrlOption, application };
  const env: V1EnvVar[] = [
    { name: 'BACKSTEP_REQUEST', value: JSON.stringify({ ...request, ...how }) },
    // For sessions of env.py that do not come from SQLAlchemy.
    { name: 'PGAPPNAME', value: application },
  ];
  const secret = job.databaseSecret;
  if (secret !== undefined && 'env' in databaseUrl) {
    env.push({ name: databaseUrl.env, valueFrom: { secretKeyRef: { name: secret, key: urlKey } } });
  }
  return jobFromTemplate({
    name: job.name,
    namespace,
    operation: job.operation,
    step: job.step,
    template: job.template,
    container: job.container,
    image: job.image,
    command: [migrations.python, '-c', program],
    env,
    secretFile:
      secret !== undefined && 'file' in databaseUrl
        ? { secret, key: urlKey, path: databaseUrl.file }
        : undefined,
    deadlineSeconds: job.deadlineSeconds,
  });
}

/** What the container runtime says where the command itself is not in the image. */
const noInterpreter = /executable file not found|no such file or directory|exit code 127/i;

/**
 * What the program answered; a migration prints what it likes before.
 *
 * @throws Failure of the type that the program names; MigrationToolMissing where the interpreter is not in the
 *   image; MigrationsBroken where it ended without an answer.
 */
export function answerOf<T>(
  end: JobEnd,
  { python }: Pick<MigrationsOf<'alembic'>, 'python'>,
  { image }: Pick<MigrationJob, 'image'>,
  shape: z.ZodType<T>,
): T {
  const result = resultIn(end.lines);
  if (result !== undefined) {
    const answer = shape.safeParse(result);
    if (answer.success) return answer.data;
    throw new Failure(
      'MigrationsBroken',
      `Job ${end.name} answered otherwise than asked: ${answer.error.message}`,
    );
  }
  const failure = failureIn(end.lines);
  if (failure !== undefined) {
    throw new Failure(failure.type, `${failure.message} (image ${image}, Job ${end.name})`);
  }
  const reason = end.reason ?? `exit code ${end.exitCode ?? 'unknown'}`;
  const said = end.lines.filter((line) => line.trim() !== '').slice(-10);
  if (noInterpreter.test(reason) && said.length === 0) {
    throw new Failure('MigrationToolMissing', `Image ${image} has no ${python}: ${reason}`);
  }
  throw new Failure(
    'MigrationsBroken',
    [`Job ${end.name} ended without an answer: ${reason}.`, ...said].join('\n'),
  );
}
