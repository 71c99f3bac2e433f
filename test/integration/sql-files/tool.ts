import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { alembic } from '../../../src/domain/definition/alembic.ts';
import type { migrations } from '../../../src/domain/definition/migrations.ts';
import { migrationsOf } from '../../../src/domain/definition/migrations.ts';
import { serviceDefinition, type ServiceDefinition } from '../../../src/domain/definition/service.ts';
import { Failure, fault } from '../../../src/domain/failures.ts';
import { base, isRelative } from '../../../src/domain/plan/revision.ts';
import { failureIn, resultIn } from '../../../src/kubernetes/job-protocol.ts';
import { jobFromTemplate } from '../../../src/kubernetes/job-template.ts';
import { runJob } from '../../../src/kubernetes/jobs.ts';
import type {
  HistoryRevision,
  Inspection,
  MigrationJob,
  MigrationTool,
  MigrationWatch,
  Moved,
  Target,
} from '../../../src/migrations/tool.ts';
import type { Cluster } from '../../../src/kubernetes/cluster.ts';

/** Keys of `migrations` that are this tool's own. */
const keys = {
  tool: z.literal('sql-files'),
  keys: { directory: z.string().startsWith('/').default('/migrations') },
};
const sqlFilesMigrations = migrationsOf(keys);

/** Both tools in the union; its type stays that of the first alone, since only the source can widen that. */
const bothTools = z.discriminatedUnion('tool', [migrationsOf(alembic), sqlFilesMigrations]);

/** The service definition as it is with the second tool registered. */
export const definitionWithSqlFiles = serviceDefinition.safeExtend({
  migrations: bothTools as unknown as typeof migrations,
});

const program = readFileSync(new URL('program.mjs', import.meta.url), 'utf8');

/**
 * A second migration tool: plain SQL files, `0002_scores.up.sql` and `.down.sql`, and a version table with a row for
 * each one that is applied.
 */
export function sqlFiles(service: Pick<ServiceDefinition, 'namespace' | 'migrations'>): MigrationTool {
  const { directory } = service.migrations as unknown as z.infer<typeof sqlFilesMigrations>;
  const ask = async (cluster: Cluster, job: MigrationJob, request: object, watch: MigrationWatch) => {
    const databaseUrl = { secretKeyRef: { name: job.databaseSecret ?? '', key: 'DATABASE_URL' } };
    const body = jobFromTemplate({
      ...job,
      namespace: service.namespace,
      command: ['node', '--input-type=module', '-e', program],
      env: [
        {
          name: 'BACKSTEP_REQUEST',
          value: JSON.stringify({ ...request, directory, application: `backstep ${job.operation}` }),
        },
        ...(job.databaseSecret === undefined ? [] : [{ name: 'DATABASE_URL', valueFrom: databaseUrl }]),
      ],
    });
    const onLine = (line: string) => {
      if (/^(Reverting|Applying) /.test(line)) watch.onMigration?.(line);
    };
    const { lines, name } = await runJob(cluster, body, { signal: watch.signal, onLine });
    const failure = failureIn(lines);
    if (failure !== undefined) throw new Failure(failure.type, `${failure.message} (Job ${name})`);
    const result = resultIn(lines);
    if (result === undefined) throw new Failure('MigrationsBroken', [name, ...lines].join('\n'));
    return { answer: result, output: lines };
  };
  const down = async (cluster: Cluster, job: MigrationJob, request: object, watch: MigrationWatch) => {
    const { answer, output } = await ask(cluster, job, { mode: 'down', ...request }, watch);
    return { answer: answer as Moved, output };
  };
  return {
    title: 'SQL files',
    versionTable: 'schema_migrations',
    toolTables: ['schema_migrations'],
    revisionsIn: (rows) =>
      rows
        .flatMap(({ version }) => version ?? [])
        .toSorted()
        .slice(-1),
    rowOf: (rows, revision) => rows.find(({ version }) => version === revision),
    runsIn: ({ command = [] }) => command.includes('migrate-sql'),
    failedLine: /migrate-sql: failed/,
    inspect: async (cluster, job, { current, signal }) =>
      (await ask(cluster, job, { mode: 'inspect', current }, { signal })).answer as Inspection,
    resolve,
    downgrade: async (cluster, job, move, watch) => (await down(cluster, job, move, watch)).answer,
    build: async (cluster, job, target, watch) =>
      (await ask(cluster, job, { mode: 'build', target }, watch)).answer as Moved,
    rehearse: async (cluster, job, move, watch) => {
      try {
        const { answer, output } = await down(cluster, job, move, watch);
        return { end: answer, output };
      } catch (error) {
        if (!(error instanceof Failure) || error.type === 'JobFailed') throw error;
        return { end: error, output: [] };
      }
    },
  };
}

/** The history is a line: what is asked for is a place in it. */
function resolve(asked: string, history: readonly HistoryRevision[], current: readonly string[]): Target {
  const from = current[0] ?? base;
  const ids = [...history.map(({ revision }) => revision), base];
  const at = ids.indexOf(from);
  const to = isRelative(asked) ? at - Number(asked) : ids.indexOf(asked);
  const target = ids[to];
  if (target === from) return { kind: 'there', revision: from };
  if (at < 0 || to < at || target === undefined)
    return { kind: 'refused', fault: fault('TargetUnknown', `${asked} is not below ${from}.`) };
  return { kind: 'move', from, target, reverts: history.slice(at, to) };
}
