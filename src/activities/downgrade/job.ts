import { find } from '../../kubernetes/answer.ts';
import { endOfJob } from '../../kubernetes/cron-jobs.ts';
import { operationJobs } from '../../kubernetes/job-removal.ts';
import { poll } from '../../kubernetes/pause.ts';
import { nameOf } from '../../kubernetes/pods.ts';
import { Failure } from '../../domain/failures.ts';
import { labels } from '../../domain/names.ts';
import type { ActivityContext } from '../context.ts';
import { migrationJob } from '../migration.ts';
import { duration } from '../../domain/text.ts';

/**
 * A person may retry while the Job of the try before still runs, out of sight for a while.
 *
 * @throws Failure DowngradeUnclear where it has not ended in the time that migrations may take
 */
export async function othersEnded(context: ActivityContext, own: string): Promise<void> {
  const { cluster, service, operation, signal } = context;
  const running = async () =>
    (await operationJobs(cluster, service.namespace, operation))
      .filter((job) => job.metadata?.labels?.[labels.step] === 'downgrade' && endOfJob(job) === undefined)
      .map(nameOf)
      .filter((name) => name !== own);
  let names: string[] = [];
  const within = service.migrations.timeout;
  const ended = await poll({ every: 1_000, within, signal }, async () => {
    names = await running();
    if (names.length === 0) return true;
    context.progress({ doing: `waiting for ${names.join(', ')}, which may still migrate` });
    return undefined;
  });
  if (ended !== undefined) return;
  throw new Failure(
    'DowngradeUnclear',
    `${names.join(', ')} of an earlier try did not end within ${duration(within)}, and may still migrate. End it (\`kubectl delete job -n ${service.namespace} ${names.join(' ')}\`), then \`retry\`.`,
  );
}

/** Whether an earlier attempt has made it. */
export const exists = async ({ cluster, service }: ActivityContext, name: string): Promise<boolean> =>
  (await find(
    `read Job ${service.namespace}/${name}`,
    cluster.batch.readNamespacedJob({ namespace: service.namespace, name }),
  )) !== undefined;

/** Runs the Job, or joins it; each migration that it begins becomes progress. */
export async function move(context: ActivityContext, name: string) {
  const { cluster, plan, signal } = context;
  const { from, target, database } = plan;
  const part = 'downgrade';
  const job = await migrationJob(context, { name, step: part, part, database: database.fencedName });
  const onMigration = (doing: string) => context.progress({ doing });
  return context.tool.downgrade(cluster, job, { from, target }, { signal, onMigration });
}
