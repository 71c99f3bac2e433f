import { resolve } from 'node:path';
import { z } from 'zod';
import { ClientError } from '../client/client-error.ts';
import { faultsOf } from '../domain/plan/request.ts';

/** Something that keeps a worker or a gateway from starting: what is wrong, and the next move. */
export class StartError extends Error {
  override readonly name = 'StartError';
}

/** Why the process ends, for whoever started it; with a stack only where nobody foresaw it. */
export function whyEnded(error: unknown): string {
  if (error instanceof StartError) return error.message;
  if (error instanceof ClientError) return `${error.message} ${error.next}`;
  return (error as Error).stack ?? String(error);
}

/** What worker and gateway both read. */
export const common = {
  services: z
    .string()
    .min(1)
    .default('services')
    .transform((path) => resolve(path))
    .describe('Directory of the service definitions'),
  logLevel: z
    .enum(['debug', 'info', 'warn', 'error'])
    .default('info')
    .describe('Lowest level that is logged'),
};

/** An address for people, without a slash at its end. */
export const webAddress = z.url({ protocol: /^https?$/ }).transform((url) => url.replace(/\/+$/, ''));

/**
 * Reads the environment; an empty variable counts as not set.
 *
 * @throws StartError with every fault named
 */
export function readEnvironment<T>(schema: z.ZodType<T>, environment: NodeJS.ProcessEnv): T {
  const set = Object.fromEntries(Object.entries(environment).filter(([, value]) => value !== ''));
  const { success, data, error } = schema.safeParse(set);
  if (success) return data;
  throw new StartError(`${faultsOf(error).join('; ')}. Correct the environment.`);
}
