import { z } from 'zod';
import { Failure } from '../../domain/failures.ts';
import type { ServiceDefinition } from '../../domain/definition/service.ts';
import type { MigrationsOf } from '../../domain/definition/migrations.ts';
import { runJob, type Watch } from '../../kubernetes/jobs.ts';
import { observedIn } from '../../kubernetes/job-protocol.ts';
import type { Inspection, MigrationTool, MigrationWatch, Moved, Observed } from '../tool.ts';
import { alembicJob, answerOf } from './job.ts';
import { resolveTarget } from './target.ts';

/** Alembic, run by its own API in the application's image: nothing is installed there, and no file is changed. */
export function alembic(
  service: Pick<ServiceDefinition, 'namespace'> & { migrations: MigrationsOf<'alembic'> },
): MigrationTool {
  const { versionTable } = service.migrations;
  return {
    title: 'Alembic',
    versionTable,
    toolTables: [versionTable.replace(/^public\./, '')],
    revisionsIn: (rows) => rows.flatMap(({ version_num }) => version_num ?? []).toSorted(),
    // It keeps one row for each branch, and writes over it: of earlier migrations nothing is left.
    rowOf: (rows, revision) =>
      rows.length === 1 && rows[0]?.['version_num'] === revision ? rows[0] : undefined,

    // As `alembic upgrade head`, or within a script on the command line.
    runsIn: ({ command = [], args = [] }) => /\balembic\b/.test([...command, ...args].join(' ')),
    failedLine:
      /Target database is not up to date|alembic\.util\.exc|Can't locate revision|Multiple head revisions/i,

    inspect: async (cluster, job, { current, signal }) => {
      const end = await runJob(cluster, alembicJob(service, job, { mode: 'inspect', current }), { signal });
      return answerOf(end, service.migrations, job, inspection);
    },
    resolve: resolveTarget,

    downgrade: async (cluster, job, { from, target }, watch) => {
      const request = { mode: 'migrate', from, target } as const;
      const end = await runJob(cluster, alembicJob(service, job, request), watchFor(watch));
      return answerOf(end, service.migrations, job, moved);
    },
    build: async (cluster, job, target, watch) => {
      const request = { mode: 'build', target } as const;
      const end = await runJob(cluster, alembicJob(service, job, request), watchFor(watch));
      return answerOf(end, service.migrations, job, moved);
    },
    rehearse: async (cluster, job, { from, target, copy }, watch) => {
      const request = { mode: 'migrate', from, target, observe: true, onlyDatabase: copy } as const;
      const end = await runJob(cluster, alembicJob(service, job, request), watchFor(watch));
      const seen = observed.safeParse(observedIn(end.lines));
      return {
        end: endOf(() => answerOf(end, service.migrations, job, moved)),
        ...(seen.success && { observed: seen.data }),
        output: end.lines.filter((line) => !protocol.test(line) && line.trim() !== ''),
      };
    },
  };
}

const revisions = z.array(z.string());

const inspection = z.object({
  heads: revisions,
  history: z.array(
    z.object({
      revision: z.string(),
      parents: revisions,
      dependencies: revisions,
      message: z.string(),
      path: z.string(),
      downgrade: z.string().optional(),
    }),
  ),
  current: revisions.optional(),
  currentError: z.string().optional(),
}) satisfies z.ZodType<Inspection>;

const moved = z.object({
  from: revisions,
  to: revisions,
  moved: z.boolean(),
  seconds: z.number(),
}) satisfies z.ZodType<Moved>;

const observed = z.object({
  steps: z.array(
    z.object({
      revision: z.string(),
      statements: z.number(),
      sql: z.array(z.string()),
      commits: z.array(z.string()),
      empty: z.boolean(),
      environment: z.array(z.string()),
    }),
  ),
  transactions: z.array(z.string()),
  locks: z.array(z.tuple([z.number(), z.string(), z.string(), z.string()])),
}) satisfies z.ZodType<Observed>;

const protocol = /^BACKSTEP-/;

/** Alembic logs each migration as it begins. */
const watchFor = ({ signal, onMigration }: MigrationWatch): Watch => ({
  signal,
  onLine: (line) => {
    const migration = /Running (?:up|down)grade .*/.exec(line)?.[0];
    if (migration !== undefined) onMigration?.(migration);
  },
});

function endOf(answer: () => Moved): Moved | Failure {
  try {
    return answer();
  } catch (error) {
    const ofTheMigrations =
      error instanceof Failure && !['MigrationToolMissing', 'JobFailed'].includes(error.type);
    if (!ofTheMigrations) throw error;
    return error;
  }
}
