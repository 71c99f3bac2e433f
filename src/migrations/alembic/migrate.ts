import { z } from 'zod';
import { runJob } from '../../kubernetes/jobs.ts';
import type { Cluster } from '../../kubernetes/cluster.ts';
import { alembicJob, answerOf, type AlembicJob } from './job.ts';

export const migrated = z.object({
  from: z.array(z.string()).describe('Revisions before; none is base'),
  to: z.array(z.string()),
  moved: z.boolean().describe('False where the database was at the target already'),
  seconds: z.number(),
});
export type Migrated = z.infer<typeof migrated>;

interface Watch {
  signal: AbortSignal;
  /** Each line of Alembic's own output. */
  onLine?: (line: string) => void;
}

/**
 * Moves the database from one revision down to another in one Job: under an advisory lock, from `from` only,
 * to `target` only (law 2). Run twice, it moves once.
 *
 * @throws Failure DowngradeFailed, DowngradeUnclear, AlembicMissing, AlembicBroken, JobFailed, JobNotStarted
 */
export async function migrate(
  cluster: Cluster,
  wish: AlembicJob & { databaseSecret: string },
  move: { from: string; target: string },
  watch: Watch,
): Promise<Migrated> {
  const end = await runJob(cluster, alembicJob(wish, { mode: 'migrate', ...move }), watch);
  return answerOf(end, wish, migrated);
}

/**
 * Upgrades an empty database to a revision by the same migrations: what the schema should be there.
 *
 * @throws Failure as `migrate`
 */
export async function build(
  cluster: Cluster,
  wish: AlembicJob & { databaseSecret: string },
  target: string,
  watch: Watch,
): Promise<Migrated> {
  const end = await runJob(cluster, alembicJob(wish, { mode: 'build', target }), watch);
  return answerOf(end, wish, migrated);
}
