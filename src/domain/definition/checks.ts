import { z } from 'zod';
import { duration } from '../duration.ts';
import { dnsLabel } from '../names.ts';

const name = z.string().min(1).describe('How the check is called where it fails');

const since = z
  .string()
  .min(1)
  .optional()
  .describe('Revision from which on it holds: not made where that one is reverted');

const sql = z.strictObject({
  name,
  query: z
    .string()
    .min(1)
    .describe(
      'One SELECT. Without `expect` it passes when it answers no row (it looks for what must not be), or one row with one column that is true',
    ),
  expect: z
    .union([z.string(), z.number(), z.boolean()])
    .optional()
    .describe('It passes when it answers one row with one column that reads like this, as text'),
  within: duration.prefault('30s').describe('A query that takes longer has failed'),
  since,
});

const http = z.strictObject({
  name,
  service: dnsLabel.describe('Kubernetes Service in front of the pods'),
  port: z.int().min(1).max(65_535).describe('Port of that Service'),
  path: z.string().startsWith('/').describe('What is asked for'),
  status: z.int().min(100).max(599).default(200).describe('Status that it must answer with'),
  contains: z.string().min(1).optional().describe('Text that must be in the answer'),
  within: duration.prefault('20s').describe('Asked again until then; what still fails has failed'),
  since,
});

/** The service's own checks, made beside those of Backstep (runbook, Steps 5 and 7). */
export const checks = z.strictObject({
  sql: z
    .array(sql)
    .default([])
    .describe(
      'Made by verify, on the downgraded database, before anything runs again; and on what a restore gives, before it is used',
    ),
  http: z
    .array(http)
    .default([])
    .describe('GET requests made by start-app, once every workload is Ready and healthy'),
});

/** Those that hold at the target of a downgrade. */
export const holding = <T extends { since?: string | undefined }>(
  all: readonly T[],
  reverts: readonly { revision: string }[],
): T[] => all.filter(({ since }) => reverts.every(({ revision }) => revision !== since));

/**
 * Those that are known to hold in what was restored at a revision: where it is another one than the database had,
 * which migrations lie between is not known, and a check that holds from one on may not hold yet.
 */
export const holdingIn = <T extends { since?: string | undefined }>(
  all: readonly T[],
  { from, target }: { from: string; target: string },
): T[] => all.filter(({ since }) => since === undefined || since === target || from === target);

export type SqlCheck = z.infer<typeof sql>;
export type HttpCheck = z.infer<typeof http>;
