import { z } from 'zod';
import { observedIn } from '../../kubernetes/job-protocol.ts';
import type { Cluster } from '../../kubernetes/cluster.ts';
import { runJob } from '../../kubernetes/jobs.ts';
import { Failure } from '../../domain/failures.ts';
import { alembicJob, answerOf, type AlembicJob } from './job.ts';
import { migrated, type Migrated } from './migrate.ts';

const observed = z.object({
  steps: z.array(
    z.object({
      revision: z.string(),
      statements: z.number().describe('SQL statements that its downgrade ran'),
      sql: z.array(z.string()).describe('Those that change something; the first sixty, cut'),
      commits: z.array(z.string()).describe('Statements after which it was committed in the middle'),
      empty: z.boolean().describe('Whether its upgrade does nothing'),
      environment: z.array(z.string()).describe('Environment variables that it read'),
    }),
  ),
  transactions: z.array(z.string()).describe('The revision after which each transaction was committed'),
  locks: z.array(
    z.tuple([z.number(), z.string(), z.string(), z.string()]).describe('OID, mode, relkind, name'),
  ),
});
/** What the program saw from within the migrations. */
export type Observed = z.infer<typeof observed>;

export interface RehearsedMigration {
  /** Alembic's answer, or its failure. */
  end: Migrated | Failure;
  /** Absent where the program ended before it could say. */
  observed?: Observed;
  /** What Alembic and the migrations printed; the last 500 lines. */
  output: string[];
}

const protocol = /^BACKSTEP-/;

/**
 * The same Job as `migrate`, on a copy: watched from within, and kept from every other database.
 *
 * @returns the failure of the migrations as a value, since what was seen until then belongs to it
 * @throws Failure AlembicMissing, JobFailed (deleted by somebody), JobNotStarted: of the world, not of the migrations
 */
export async function rehearseMigration(
  cluster: Cluster,
  wish: AlembicJob & { databaseSecret: string },
  move: { from: string; target: string; copy: string },
  watch: { signal: AbortSignal; onLine?: (line: string) => void },
): Promise<RehearsedMigration> {
  const { from, target, copy } = move;
  const request = { mode: 'migrate', from, target, observe: true, onlyDatabase: copy } as const;
  const end = await runJob(cluster, alembicJob(wish, request), watch);
  const seen = observed.safeParse(observedIn(end.lines));
  return {
    end: endOf(() => answerOf(end, wish, migrated)),
    ...(seen.success && { observed: seen.data }),
    output: end.lines.filter((line) => !protocol.test(line) && line.trim() !== ''),
  };
}

function endOf(answer: () => Migrated): Migrated | Failure {
  try {
    return answer();
  } catch (error) {
    const ofTheWorld = !(error instanceof Failure) || ['AlembicMissing', 'JobFailed'].includes(error.type);
    if (ofTheWorld) throw error;
    return error;
  }
}
