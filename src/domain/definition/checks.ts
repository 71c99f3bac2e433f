import { z } from 'zod';
import { duration } from '../duration.ts';
import { dnsLabel } from '../names.ts';

const name = z.string().min(1).describe('Name of the check');

const since = z
  .string()
  .min(1)
  .optional()
  .describe('Revision from which on the check holds; it is left out if that revision is reverted');

const sql = z.strictObject({
  name,
  query: z
    .string()
    .min(1)
    .describe(
      'One SELECT. Without `expect` it passes if it returns no row (it looks for what must not be), or one row with one column that is true',
    ),
  expect: z
    .union([z.string(), z.number(), z.boolean()])
    .optional()
    .describe('It passes if it returns one row with one column that is this text'),
  within: duration.prefault('30s').describe('A query that takes longer fails'),
  since,
});

const http = z.strictObject({
  name,
  service: dnsLabel.describe('Kubernetes Service in front of the pods'),
  port: z.int().min(1).max(65_535).describe('Port of that Service'),
  path: z.string().startsWith('/').describe('Path of the request'),
  status: z.int().min(100).max(599).default(200).describe('Status that it must answer with'),
  contains: z.string().min(1).optional().describe('Text that must be in the answer'),
  within: duration.prefault('20s').describe('It is tried again until then'),
  since,
});

/** The service's own checks, made beside those of Backstep (runbook, Steps 5 and 7). */
export const checks = z.strictObject({
  sql: z
    .array(sql)
    .default([])
    .describe(
      'Run by verify on the downgraded database, before anything starts again; and on a restored database, before it is put to use',
    ),
  http: z
    .array(http)
    .default([])
    .describe('GET requests made by start-app when every workload is Ready and healthy'),
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
