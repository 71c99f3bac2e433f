import { z } from 'zod';
import { runJob } from '../../kubernetes/jobs.ts';
import type { Cluster } from '../../kubernetes/cluster.ts';
import { alembicJob, answerOf, type AlembicJob } from './job.ts';

const revisions = z.array(z.string());

/** What one image says about its migrations. */
const inspection = z.object({
  alembic: z.string().describe('Version of Alembic'),
  heads: revisions.describe('Revisions on which nothing stands: what this release of the application needs'),
  history: z
    .array(
      z.object({
        revision: z.string(),
        parents: revisions,
        dependencies: revisions,
        message: z.string(),
        path: z.string(),
        downgrade: z.string().optional().describe('Its source; of the newest twelve'),
      }),
    )
    .describe('All of them, newest first'),
  current: revisions.optional().describe('Where env.py finds its database; none for an empty one'),
  currentError: z.string().optional().describe('Why env.py could not say, without secrets'),
});
export type Inspection = z.infer<typeof inspection>;

/**
 * Asks an image for its history and, if wished, env.py for the database's revision, all in one pod (a pod
 * costs 3 s). Changes nothing (runbook, Step 3).
 *
 * @throws Failure AlembicMissing, AlembicBroken, JobNotStarted
 */
export async function inspect(
  cluster: Cluster,
  wish: AlembicJob,
  options: { current: boolean; signal: AbortSignal },
): Promise<Inspection> {
  const { current, signal } = options;
  const end = await runJob(cluster, alembicJob(wish, { mode: 'inspect', current }), { signal });
  return answerOf(end, wish, inspection);
}
