import { z } from 'zod';
import { Failure } from '../domain/failures.ts';
import { faultsOf } from '../domain/plan/request.ts';

/** Labels as every source has them. A label never names a revision or a command. */
export const labels = z.record(z.string().max(200), z.string().max(2_000));

/** When an alert began to fire, as any source writes it; to ISO 8601 in UTC. */
export const moment = z
  .string()
  .max(50)
  .refine((text) => !Number.isNaN(Date.parse(text)), 'must be a time in ISO 8601');

const cut = (text: string, length: number) =>
  text.length <= length ? text : `${text.slice(0, length - 1)}…`;

/** What an alert says of itself is for people and may be long; only its beginning is kept. */
export const said = (name: string | undefined, summary: string | undefined) => ({
  ...(name && { name: cut(name, 200) }),
  ...(summary && { summary: cut(summary, 500) }),
});

/** Throws Failure InvalidRequest with every fault named. */
export function parsed<T>(schema: z.ZodType<T>, body: unknown): T {
  const { data, error } = schema.safeParse(body);
  if (data !== undefined) return data;
  const faults = error ? faultsOf(error) : ['the body is empty'];
  throw new Failure('InvalidRequest', faults.join('; '), { faults });
}
