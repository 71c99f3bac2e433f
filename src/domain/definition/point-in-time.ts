import { z } from 'zod';
import { duration } from '../duration.ts';

const name = z.string().min(1).max(255);
const api = z
  .url({ protocol: /^https?$/ })
  .optional()
  .describe("Another address of the provider's API, such as a private one");
const within = duration.prefault('6h').describe('Time limit for the new instance');

const rds = z.strictObject({
  provider: z.literal('rds'),
  instance: name.describe('Identifier of the DB instance'),
  region: name.describe('Its region'),
  api,
  within,
});

const cloudSql = z.strictObject({
  provider: z.literal('cloud-sql'),
  project: name.describe('Project of the instance'),
  instance: name.describe('Name of the instance'),
  address: z
    .enum(['private', 'public'])
    .default('private')
    .describe('Which address of the instance the application uses'),
  api,
  within,
});

const azure = z.strictObject({
  provider: z.literal('azure'),
  subscription: z.uuid().describe('Subscription of the server'),
  resourceGroup: name.describe('Resource group of the server'),
  instance: name.describe('Name of the flexible server'),
  api,
  within,
});

const path = z.string().regex(/^\/[^\0\n]*[^/\0\n]$/, 'must be an absolute path without a slash at its end');

const pgbackrest = z.strictObject({
  provider: z.literal('pgbackrest'),
  stanza: name.describe('Stanza of the cluster'),
  run: z
    .array(z.string().min(1))
    .default([])
    .describe(
      "Command that runs `sh` on the host of the database as the owner of the cluster, such as [ssh, -o, BatchMode=yes, postgres@db1]; without it, on the worker's host",
    ),
  config: path.optional().describe('pgbackrest.conf, if it is not in its usual place'),
  binaries: path.describe('Directory of pg_ctl, such as /usr/lib/postgresql/15/bin'),
  directory: path.describe('Directory in which the data directory of the new cluster is made'),
  options: z
    .array(z.string().min(1))
    .default([])
    .describe(
      'Further options of the new server, such as config_file=/etc/postgresql/15/main/postgresql.conf',
    ),
  host: name.describe('Host at which clients reach the new cluster'),
  port: z.int().min(1).max(65_535).describe('A free port for the new cluster'),
  within,
});

/**
 * Who restores the database to an earlier time, into a new instance beside the present one (runbook, Point-in-Time
 * Recovery). Credentials are those of the worker's own surroundings, as the provider's SDK finds them.
 */
export const pointInTime = z.discriminatedUnion('provider', [rds, cloudSql, azure, pgbackrest]);
export type PointInTime = z.infer<typeof pointInTime>;
export type PointInTimeOf<P extends PointInTime['provider']> = Extract<PointInTime, { provider: P }>;
