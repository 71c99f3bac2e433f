import { programs, type Program } from './activities/programs.ts';
import { argumentsVariable, sayFailure, sayResult } from './kubernetes/job-protocol.ts';
import { Failure } from './domain/failures.ts';

/** Read when a program asks for it: few need both. */
const databases = {
  get application() {
    return environment('DATABASE_URL');
  },
  get admin() {
    return environment('ADMIN_URL');
  },
};

async function run(name: string): Promise<unknown> {
  if (!Object.hasOwn(programs, name))
    throw new Failure('JobFailed', `Unknown program ${name}: one of ${Object.keys(programs).join(', ')}.`);
  const program = programs[name as Program] as (of: typeof databases, args: unknown) => Promise<unknown>;
  return program(databases, JSON.parse(environment(argumentsVariable)));
}

function environment(name: string): string {
  const value = process.env[name];
  if (value === undefined || value === '') throw new Failure('JobFailed', `The environment has no ${name}.`);
  return value;
}

// The first process of a container ignores signals that it does not handle; its children go with it.
process.on('SIGTERM', () => process.exit(143));

const name = process.argv[2] ?? '';
try {
  sayResult(await run(name));
} catch (error) {
  const message = error instanceof Error ? error.message : String(error);
  sayFailure({ type: error instanceof Failure ? error.type : 'JobFailed', message });
  process.exitCode = 1;
}
