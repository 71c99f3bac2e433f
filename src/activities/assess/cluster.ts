import type { V1CronJob, V1Deployment } from '@kubernetes/client-node';
import { find } from '../../kubernetes/answer.ts';
import { autoscalersOf } from '../../kubernetes/autoscalers.ts';
import { isSuspended, readCronJob, templateOf } from '../../kubernetes/cron-jobs.ts';
import { imageOf, readDeployment, replicasOf } from '../../kubernetes/deployments.ts';
import { assertRecordable } from '../../kubernetes/records.ts';
import { releases, type Release } from '../../kubernetes/releases.ts';
import { missingRights, rightInWords, rightsNeeded } from '../../kubernetes/rights.ts';
import { readSecret } from '../../kubernetes/secrets.ts';
import { placeOf } from '../../domain/definition/dump-place.ts';
import { needsOf } from '../../dumps/places/index.ts';
import type { CronJob, ServiceDefinition, Workload } from '../../domain/definition/service.ts';
import type { Dependencies } from '../context.ts';
import { lookAtChannels } from './channels.ts';
import type { Faults } from './faults.ts';

export interface SeenWorkload {
  definition: Workload;
  deployment: V1Deployment;
  /** The container whose image is the release; the definition's for the workload that migrates. */
  container: string | undefined;
  replicas: number;
  image: string;
  /** Newest first, the current one included. */
  releases: Release[];
}

export interface SeenCronJob {
  definition: CronJob;
  cronJob: V1CronJob;
  suspended: boolean;
  image: string;
}

export interface ClusterFacts {
  workloads: SeenWorkload[];
  cronJobs: SeenCronJob[];
  notes: string[];
}

/**
 * Looks at everything of the definition in the cluster, and proves every right that any step needs, the undo
 * included (runbook, Pre-Rollback Checklist).
 */
export async function lookAtCluster(
  dependencies: Dependencies,
  service: ServiceDefinition,
  faults: Faults,
): Promise<ClusterFacts> {
  const notes: string[] = [];
  const [workloads, cronJobs, silent] = await Promise.all([
    Promise.all(
      service.workloads.map((each) => faults.try(() => seeWorkload(dependencies, service, each, notes))),
    ),
    Promise.all(
      service.cronJobs.map((each) => faults.try(() => seeCronJob(dependencies, service, each, notes))),
    ),
    lookAtChannels(dependencies, service),
    faults.try(() => proveRights(dependencies, service, faults)),
    faults.try(() => provePlaceOfBackups(dependencies, service, faults)),
    faults.try(() => assertRecordable(dependencies.cluster, dependencies.recordsNamespace)),
  ]);
  if (!service.workloads.some(({ deployment }) => deployment === service.migrations.workload)) {
    const words = `migrations.workload ${service.migrations.workload} is none of the workloads of ${service.service}`;
    faults.add(
      'InvalidDefinition',
      `${words}: ${service.workloads.map(({ deployment }) => deployment).join(', ')}.`,
    );
  }
  return {
    workloads: workloads.filter((each) => each !== undefined),
    cronJobs: cronJobs.filter((each) => each !== undefined),
    notes: [...notes, ...silent],
  };
}

async function proveRights(
  dependencies: Dependencies,
  { namespace }: ServiceDefinition,
  faults: Faults,
): Promise<void> {
  const missing = await missingRights(
    dependencies.cluster,
    rightsNeeded(namespace, dependencies.recordsNamespace),
  );
  for (const right of missing)
    faults.add('KubernetesRightMissing', `Backstep may not ${rightInWords(right)}.`);
}

async function provePlaceOfBackups(
  { cluster }: Dependencies,
  { namespace, backup }: ServiceDefinition,
  faults: Faults,
): Promise<void> {
  const place = placeOf(backup);
  const { claims, secrets } = needsOf(place);
  for (const reference of secrets)
    await faults.try(() => readSecret(cluster, namespace, reference), `backup.${place.kind}`);
  for (const name of claims) {
    const claim = await find(
      `read PersistentVolumeClaim ${namespace}/${name}`,
      cluster.core.readNamespacedPersistentVolumeClaim({ namespace, name }),
    );
    if (claim === undefined) {
      faults.add('WorkloadMissing', `There is no PersistentVolumeClaim ${namespace}/${name} for the backup.`);
    } else if (claim.status?.phase === 'Lost') {
      faults.add('WorkloadMissing', `PersistentVolumeClaim ${namespace}/${name} has lost its volume.`);
    }
  }
}

async function seeWorkload(
  { cluster }: Dependencies,
  { namespace, migrations }: ServiceDefinition,
  definition: Workload,
  notes: string[],
): Promise<SeenWorkload> {
  const name = definition.deployment;
  const deployment = await readDeployment(cluster, namespace, name);
  const container = name === migrations.workload ? migrations.container : undefined;
  const [kept, autoscalers] = await Promise.all([
    releases(cluster, namespace, name),
    autoscalersOf(cluster, namespace, name),
  ]);
  const replicas = replicasOf(deployment);
  if (replicas === 0 && definition.replicas > 0) {
    notes.push(`Deployment ${name} was found at 0 already; wanted in the end: ${definition.replicas}.`);
  }
  if (definition.stop === 'read-only') {
    notes.push(
      `Deployment ${name} goes on while writes are stopped, and reads from a copy to which nobody can write; from the roll-back of the application on it may not.`,
    );
  }
  for (const each of autoscalers) {
    notes.push(
      `HorizontalPodAutoscaler ${each} scales ${name}; it does nothing at 0, and may change the replicas afterwards.`,
    );
  }
  return {
    definition,
    deployment,
    container,
    replicas,
    image: imageOf(deployment.spec?.template, container),
    releases: kept,
  };
}

async function seeCronJob(
  { cluster }: Dependencies,
  { namespace }: ServiceDefinition,
  definition: CronJob,
  notes: string[],
): Promise<SeenCronJob> {
  const cronJob = await readCronJob(cluster, namespace, definition.name);
  const suspended = isSuspended(cronJob);
  if (suspended && !definition.suspended) {
    notes.push(`CronJob ${definition.name} was found suspended already; wanted in the end: running.`);
  }
  return { definition, cronJob, suspended, image: imageOf(templateOf(cronJob)) };
}
