import { z } from 'zod';
import { duration } from '../duration.ts';
import { dnsLabel } from '../names.ts';
import { alembic } from './alembic.ts';

/** Keys of `migrations` that every tool has. */
const common = {
  workload: dnsLabel.describe(
    'Deployment whose pod template carries the migrations and the tool that runs them',
  ),
  container: dnsLabel.optional().describe('Container of that template; without it, the first one'),
  image: z
    .string()
    .min(1)
    .optional()
    .describe('Image with the newest revision; without it, it is found among the releases of the workload'),
  databaseUrl: z
    .union([
      z.strictObject({ env: z.string().min(1).describe('An environment variable') }),
      z.strictObject({ file: z.string().startsWith('/').describe('A file in the container') }),
    ])
    .default({ env: 'DATABASE_URL' })
    .describe('The environment variable, or file, from which the migrations read the database URL'),
  timeout: duration.prefault('30m').describe('Time limit of a migration'),
  jobs: z
    .string()
    .min(1)
    .optional()
    .describe(
      'Label selector of Jobs that run migrations; those that run the tool, and Helm or Argo CD hooks with an image of the workloads, are found without it',
    ),
};

/** The schema of `migrations` for one tool: how it is named, and the keys that are its own. */
export const migrationsOf = <T extends z.ZodType, K extends z.ZodRawShape>({
  tool,
  keys,
}: {
  tool: T;
  keys: K;
}) => z.strictObject({ tool, ...common, ...keys });

/** How the migrations of a service are run, by the tool that it names. */
export const migrations = z.discriminatedUnion('tool', [migrationsOf(alembic)]);

export type Migrations = z.infer<typeof migrations>;
export type MigrationsOf<T extends Migrations['tool']> = Extract<Migrations, { tool: T }>;
