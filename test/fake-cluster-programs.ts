import { programs, type Program } from '../src/activities/programs.ts';
import { Failure } from '../src/domain/failures.ts';
import { argumentsVariable } from '../src/kubernetes/job-protocol.ts';
import type { Ended, Started } from './fake-cluster.ts';

/** What Backstep's own image runs, in this process, as src/job.ts does; `run` takes its place where it is given. */
export async function backstepProgram(
  { command, env }: Started,
  run?: () => Promise<unknown>,
): Promise<Ended> {
  const databases = { application: env['DATABASE_URL'] ?? '', admin: env['ADMIN_URL'] ?? '' };
  const program = programs[command[2] as Program] as (
    of: typeof databases,
    args: unknown,
  ) => Promise<unknown>;
  const args = () => JSON.parse(env[argumentsVariable] ?? '') as unknown;
  try {
    const result = await (run === undefined ? program(databases, args()) : run());
    return { status: 0, lines: [`BACKSTEP-RESULT ${JSON.stringify(result)}`] };
  } catch (error) {
    const type = error instanceof Failure ? error.type : 'JobFailed';
    const message = error instanceof Error ? error.message : String(error);
    return { status: 1, lines: [`BACKSTEP-FAILURE ${JSON.stringify({ type, message })}`] };
  }
}
