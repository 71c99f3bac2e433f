import type { V1CronJob, V1Deployment } from '@kubernetes/client-node';
import { find } from '../kubernetes/answer.ts';
import { autoscalersOf } from '../kubernetes/autoscalers.ts';
import type { Cluster } from '../kubernetes/cluster.ts';
import { isSuspended, readCronJob, templateOf } from '../kubernetes/cron-jobs.ts';
import { imageOf, readDeployment, replicasOf } from '../kubernetes/deployments.ts';
import { assertRecordable } from '../kubernetes/records.ts';
import { releases, type Release } from '../kubernetes/releases.ts';
import { missingRights, describeRight, rightsNeeded } from '../kubernetes/rights.ts';
import { readSecret } from '../kubernetes/secrets.ts';
import { placeOf } from '../domain/definition/dump-place.ts';
import { needsOf } from '../dumps/places/index.ts';
import type { CronJob, ServiceDefinition, Workload } from '../domain/definition/service.ts';
import { fault, type Fault } from '../domain/failures.ts';
import { lookAtChannels } from './channels.ts';
import { allOf, faultIf, found, looking, faultsAndNotes, type Findings } from './findings.ts';
import type { ProbeContext } from './context.ts';

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
}

/**
 * Looks at everything of the definition in the cluster, and proves every right that any step needs, the undo
 * included (runbook, Pre-Rollback Checklist).
 */
export async function lookAtCluster({
  cluster,
  recordsNamespace,
  service,
}: ProbeContext): Promise<Findings<ClusterFacts>> {
  const [workloads, cronJobs, silent, ...proofs] = await Promise.all([
    Promise.all(service.workloads.map((each) => looking(() => seeWorkload(cluster, service, each)))),
    Promise.all(service.cronJobs.map((each) => looking(() => seeCronJob(cluster, service, each)))),
    lookAtChannels(cluster, service),
    looking(() => proveRights(cluster, service.namespace, recordsNamespace)),
    looking(() => provePlaceOfBackups(cluster, service)),
    looking(async () => found(await assertRecordable(cluster, recordsNamespace))),
  ]);
  const [seen, scheduled] = [allOf(workloads), allOf(cronJobs)];
  const { workload } = service.migrations;
  const names = service.workloads.map(({ deployment }) => deployment);
  const { faults, notes } = faultsAndNotes([seen, scheduled, ...proofs]);
  return found(
    { workloads: seen.facts, cronJobs: scheduled.facts },
    {
      faults: [
        ...faults,
        ...faultIf(
          !names.includes(workload),
          'InvalidDefinition',
          `migrations.workload ${workload} is none of the workloads of ${service.service}: ${names.join(', ')}.`,
        ),
      ],
      notes: [...notes, ...silent],
    },
  );
}

async function proveRights(
  cluster: Cluster,
  namespace: string,
  recordsNamespace: string,
): Promise<Findings<true>> {
  const missing = await missingRights(cluster, rightsNeeded(namespace, recordsNamespace));
  const faults = missing.map((right) =>
    fault('KubernetesRightMissing', `Backstep may not ${describeRight(right)}.`),
  );
  return found(true, { faults });
}

async function provePlaceOfBackups(
  cluster: Cluster,
  { namespace, backup }: ServiceDefinition,
): Promise<Findings<true>> {
  const place = placeOf(backup);
  const { claims, secrets } = needsOf(place);
  const faults: Fault[] = [];
  for (const reference of secrets) {
    const read = async () => found(await readSecret(cluster, namespace, reference));
    faults.push(...(await looking(read, `backup.${place.kind}`)).faults);
  }
  for (const name of claims) {
    const claim = await find(
      `read PersistentVolumeClaim ${namespace}/${name}`,
      cluster.core.readNamespacedPersistentVolumeClaim({ namespace, name }),
    );
    const what = `PersistentVolumeClaim ${namespace}/${name}`;
    faults.push(
      ...faultIf(claim === undefined, 'WorkloadMissing', `There is no ${what} for the backup.`),
      ...faultIf(claim?.status?.phase === 'Lost', 'WorkloadMissing', `${what} has lost its volume.`),
    );
  }
  return found(true, { faults });
}

async function seeWorkload(
  cluster: Cluster,
  { namespace, migrations }: ServiceDefinition,
  definition: Workload,
): Promise<Findings<SeenWorkload>> {
  const notes: string[] = [];
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
  const image = imageOf(deployment.spec?.template, container);
  return found({ definition, deployment, container, replicas, image, releases: kept }, { notes });
}

async function seeCronJob(
  cluster: Cluster,
  { namespace }: ServiceDefinition,
  definition: CronJob,
): Promise<Findings<SeenCronJob>> {
  const cronJob = await readCronJob(cluster, namespace, definition.name);
  const suspended = isSuspended(cronJob);
  const notes =
    suspended && !definition.suspended
      ? [`CronJob ${definition.name} was found suspended already; wanted in the end: running.`]
      : [];
  return found({ definition, cronJob, suspended, image: imageOf(templateOf(cronJob)) }, { notes });
}
