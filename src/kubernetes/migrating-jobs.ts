import type { V1Container, V1Job, V1PodSpec } from '@kubernetes/client-node';
import type { ServiceDefinition } from '../domain/definition/service.ts';
import { labels } from '../domain/names.ts';
import type { MigrationTool } from '../migrations/tool.ts';
import { ask } from './answer.ts';
import type { Cluster } from './cluster.ts';
import { endOfJob, ownersOf } from './cron-jobs.ts';

/** How Jobs that migrate are told from others. */
export interface MigratingJobs {
  namespace: string;
  /** The service's migration tool: its name, and the containers that run it. */
  tool: Pick<MigrationTool, 'title' | 'runsIn'>;
  /** Label selector of the definition. */
  selector?: string | undefined;
  /** Images of the workloads: a hook with one of them is a hook of the application. */
  images: readonly string[];
  /** Secret that holds the application's database URL. */
  secret: string;
  /** CronJobs of the definition, whose Jobs are dealt with by its own policy. */
  cronJobs: readonly string[];
}

/** How Jobs that migrate are told from others, by a definition and the images of its workloads. */
export const migratingJobsOf = (
  tool: MigratingJobs['tool'],
  { namespace, migrations, database, cronJobs }: ServiceDefinition,
  images: readonly string[],
): MigratingJobs => ({
  namespace,
  tool,
  selector: migrations.jobs,
  images,
  secret: database.url.secret,
  cronJobs: cronJobs.map(({ name }) => name),
});

export interface MigratingJob {
  job: V1Job;
  /** Why it counts as one, in words. */
  why: string;
}

/**
 * Jobs that would migrate the database again: those of the definition's selector, those that run the tool, and
 * hooks of Helm or Argo CD with an image or the database Secret of the application. Those that have ended, or
 * are suspended, are not among them; nor are Backstep's own.
 */
export async function migratingJobs(cluster: Cluster, of: MigratingJobs): Promise<MigratingJob[]> {
  const { namespace, selector } = of;
  const list = async (labelSelector?: string) =>
    (
      await ask(
        `list Jobs in ${namespace}`,
        cluster.batch.listNamespacedJob({ namespace, ...(labelSelector !== undefined && { labelSelector }) }),
      )
    ).items;
  const selected = new Set(
    (selector === undefined ? [] : await list(selector)).map(({ metadata }) => metadata?.uid),
  );
  return (await list()).flatMap((job) => {
    const why = selected.has(job.metadata?.uid) ? `migrations.jobs is ${selector}` : whyMigrating(job, of);
    return why !== undefined && mayMigrate(job, of) ? [{ job, why }] : [];
  });
}

const mayMigrate = (job: V1Job, { cronJobs }: MigratingJobs): boolean =>
  job.metadata?.labels?.[labels.operation] === undefined &&
  !ownersOf(job).some((owner) => cronJobs.includes(owner)) &&
  endOfJob(job) === undefined &&
  job.metadata?.deletionTimestamp === undefined &&
  job.spec?.suspend !== true;

const hooks = ['helm.sh/hook', 'argocd.argoproj.io/hook'];

function whyMigrating(job: V1Job, { tool, images, secret }: MigratingJobs): string | undefined {
  const pod = job.spec?.template.spec;
  const migrating = containersOf(pod).find(tool.runsIn);
  if (migrating !== undefined) return `its container ${migrating.name} runs ${tool.title}`;
  const hook = hooks.find((key) => job.metadata?.annotations?.[key] !== undefined);
  if (hook === undefined) return undefined;
  const ours = containersOf(pod).some(
    (container) => images.includes(container.image ?? '') || usesSecret(container, secret),
  );
  return ours ? `it is a hook (${hook}: ${job.metadata?.annotations?.[hook] ?? ''})` : undefined;
}

const containersOf = (pod: V1PodSpec | undefined): V1Container[] => [
  ...(pod?.initContainers ?? []),
  ...(pod?.containers ?? []),
];

/** Init containers of a pod template that run the migration tool: they migrate each time a pod starts. */
export const migratingInits = (
  pod: V1PodSpec | undefined,
  { runsIn }: Pick<MigrationTool, 'runsIn'>,
): V1Container[] => (pod?.initContainers ?? []).filter(runsIn);

const usesSecret = ({ env = [], envFrom = [] }: V1Container, secret: string): boolean =>
  env.some(({ valueFrom }) => valueFrom?.secretKeyRef?.name === secret) ||
  envFrom.some(({ secretRef }) => secretRef?.name === secret);
