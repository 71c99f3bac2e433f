import { ownJob, type OwnJob } from '../kubernetes/own-job.ts';
import { runJob, type JobEnd } from '../kubernetes/jobs.ts';
import { failureIn, progressIn, resultIn } from '../kubernetes/job-protocol.ts';
import { Failure, failures, type FailureType } from '../domain/failures.ts';
import { jobName } from '../domain/names.ts';
import { dumpsOf } from '../domain/definition/backup.ts';
import type { Plan } from '../domain/plan/plan.ts';
import type { Attempt, Dependencies } from './dependencies.ts';

/** Of a plan, what a Job needs: `assess` has no more yet. */
export interface Asking {
  plan: Pick<Plan, 'service' | 'operation' | 'jobImage'>;
  try: number;
}

interface Wish {
  step:
    | 'assess'
    | 'back-up'
    | 'rehearse'
    | 'restore'
    | 'salvage'
    | 'restore-beside'
    | 'data-diff'
    | 'artifacts';
  program: OwnJob['program'];
  /** Tells Jobs of one step and try apart. */
  part?: string;
  arguments: object;
  secret?: string;
}

/** The name of such a Job: a retry after a crash finds its own, a person's retry gets a new one. */
export const ownJobName = (
  { plan, try: tried }: Asking,
  { step, part }: Pick<Wish, 'step' | 'part'>,
): string => jobName(plan.operation, step, tried, part);

/**
 * Runs a program of src/job.ts as a Job in the service's namespace, passes its progress on, and answers with
 * its result.
 *
 * @param orElse type of the failure where the Job ended without saying one
 * @throws Failure as the program says it, or of that type with the last lines of its log
 */
export async function ownProgram<T>(
  dependencies: Dependencies,
  input: Asking,
  attempt: Attempt,
  wish: Wish,
  orElse: FailureType,
): Promise<T> {
  const { service, operation, jobImage } = input.plan;
  const job = ownJob({
    name: ownJobName(input, wish),
    namespace: service.namespace,
    operation,
    step: wish.step,
    image: jobImage,
    program: wish.program,
    arguments: wish.arguments,
    ...(wish.secret !== undefined && { secret: wish.secret }),
    dumps: dumpsOf(service.backup),
    serviceAccount: service.backup.serviceAccount,
    deadlineSeconds: Math.ceil(service.backup.timeout / 1_000),
  });
  const end = await runJob(dependencies.cluster, job, {
    signal: attempt.signal,
    onLine: (line) => {
      const progress = progressIn(line);
      if (progress !== undefined) attempt.progress(progress);
    },
  });
  return resultOf(end, orElse) as T;
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
