import { backUp } from '../src/activities/back-up/job.ts';
import { dataDiff, type DataDiffArguments } from '../src/activities/data-diff/job.ts';
import type { BackUpArguments, CheckArguments, RestoreArguments } from '../src/dumps/manifest.ts';
import { argumentsVariable } from '../src/kubernetes/job-protocol.ts';
import { check, restore } from '../src/activities/restore/job.ts';
import { salvage, type SalvageArguments } from '../src/activities/salvage/job.ts';
import { Failure } from '../src/domain/failures.ts';
import type { Ended, Started } from './fake-cluster.ts';

/** As src/job.ts has them. */
const programs: Record<string, (env: Record<string, string>, told: unknown) => Promise<unknown>> = {
  'back-up': (env, told) => backUp(env['DATABASE_URL'] ?? '', told as BackUpArguments),
  dataDiff: (env, told) => dataDiff(env['ADMIN_URL'] ?? '', told as DataDiffArguments),
  check: (_env, told) => check(told as CheckArguments),
  salvage: (env, told) => salvage(env['DATABASE_URL'] ?? '', told as SalvageArguments),
  restore: (env, told) => restore(env['ADMIN_URL'] ?? '', told as RestoreArguments),
};

/** What Backstep's own image runs, in this process; `run` takes its place where it is given. */
export async function ownProgram({ command, env }: Started, run?: () => Promise<unknown>): Promise<Ended> {
  const told = () => JSON.parse(env[argumentsVariable] ?? '') as unknown;
  try {
    const result = await (run === undefined ? programs[command[2] ?? '']?.(env, told()) : run());
    return { status: 0, lines: [`BACKSTEP-RESULT ${JSON.stringify(result)}`] };
  } catch (error) {
    const type = error instanceof Failure ? error.type : 'JobFailed';
    const message = error instanceof Error ? error.message : String(error);
    return { status: 1, lines: [`BACKSTEP-FAILURE ${JSON.stringify({ type, message })}`] };
  }
}
