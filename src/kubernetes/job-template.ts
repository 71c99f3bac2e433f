import type {
  V1Container,
  V1EnvVar,
  V1Job,
  V1PodSpec,
  V1PodTemplateSpec,
  V1Volume,
  V1VolumeMount,
} from '@kubernetes/client-node';
import { Failure } from '../domain/failures.ts';
import { labels, type OperationId } from '../domain/names.ts';
import { mountedFile, type SecretFile } from './secret-file.ts';
import { without } from './without.ts';

export interface JobSpec {
  name: string;
  namespace: string;
  operation: OperationId;
  step: string;
  /** Pod template of the workload that the Job is cloned from. */
  template: V1PodTemplateSpec;
  /** Container of the template; the first one if not given. */
  container?: string | undefined;
  image?: string | undefined;
  command: string[];
  /** Takes the place of entries of the same name. */
  env: V1EnvVar[];
  secretFile?: SecretFile | undefined;
  deadlineSeconds: number;
  volumes?: { volume: V1Volume; mountPath: string; readOnly?: boolean }[] | undefined;
}

/**
 * A Job that runs one command as the application would: same image, environment, volumes, account and place,
 * without what belongs to serving (probes, hooks, ports), without init containers that migrate, and with no
 * label that a Service or a controller selects. Native sidecars stay, since the way to the database may lead
 * through one.
 *
 * @throws Failure WorkloadMissing where the template has no such container.
 */
export function jobFromTemplate(job: JobSpec): V1Job {
  const pod = job.template.spec;
  const found =
    job.container === undefined
      ? pod?.containers[0]
      : pod?.containers.find(({ name }) => name === job.container);
  if (pod === undefined || found === undefined) {
    const names = pod?.containers.map(({ name }) => name).join(', ') || 'none';
    throw new Failure(
      'WorkloadMissing',
      `The pod template has no container ${job.container ?? ''}; it has: ${names}.`,
    );
  }
  const sidecars = (pod.initContainers ?? [])
    .filter(({ restartPolicy }) => restartPolicy === 'Always')
    .map(withoutHostPorts);
  const file = job.secretFile && mountedFile(job.secretFile, found.volumeMounts ?? [], pod.volumes ?? []);
  const ours = job.volumes ?? [];
  const container = onlyTheCommand(found, job, [
    ...(file?.mounts ?? found.volumeMounts ?? []),
    ...ours.map(({ volume, mountPath, readOnly = false }) => ({ name: volume.name, mountPath, readOnly })),
  ]);
  const volumes = [...(file?.volumes ?? pod.volumes ?? []), ...ours.map(({ volume }) => volume)];
  const used = new Set(
    [container, ...sidecars].flatMap((each) => each.volumeMounts ?? []).map(({ name }) => name),
  );
  const own = { [labels.operation]: job.operation, [labels.step]: job.step };
  const annotations = job.template.metadata?.annotations;
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: { name: job.name, namespace: job.namespace, labels: own },
    spec: {
      backoffLimit: 0,
      activeDeadlineSeconds: job.deadlineSeconds,
      template: {
        metadata: { labels: own, ...(annotations && { annotations }) },
        spec: {
          ...whereItRuns(pod),
          restartPolicy: 'Never',
          ...(sidecars.length > 0 && { initContainers: sidecars }),
          containers: [container],
          volumes: volumes.filter(({ name }) => used.has(name)),
        },
      },
    },
  };
}

function onlyTheCommand(found: V1Container, job: JobSpec, volumeMounts: V1VolumeMount[]): V1Container {
  return {
    ...without(found, [
      'args',
      'ports',
      'livenessProbe',
      'readinessProbe',
      'startupProbe',
      'lifecycle',
      'stdin',
      'tty',
      'restartPolicy',
    ]),
    ...(job.image !== undefined && { image: job.image }),
    command: job.command,
    env: overridden(found.env ?? [], job.env),
    volumeMounts,
  };
}

/** Replaced in their place, since later entries may refer to them as `$(NAME)`; new ones follow. */
function overridden(found: V1EnvVar[], ours: V1EnvVar[]): V1EnvVar[] {
  const byName = new Map([...found, ...ours].map((entry) => [entry.name, entry]));
  return [...byName.values()];
}

function withoutHostPorts(sidecar: V1Container): V1Container {
  const ports = sidecar.ports?.map((port) => without(port, ['hostPort', 'hostIP']));
  return { ...without(sidecar, ['ports']), ...(ports && { ports }) };
}

/** Affinity between pods and spreading speak of the application's replicas, so they are left out. */
function whereItRuns(pod: V1PodSpec): Partial<V1PodSpec> {
  const nodeAffinity = pod.affinity?.nodeAffinity;
  return {
    ...without(pod, [
      'containers',
      'initContainers',
      'ephemeralContainers',
      'volumes',
      'restartPolicy',
      'activeDeadlineSeconds',
      'affinity',
      'topologySpreadConstraints',
      'readinessGates',
      'schedulingGates',
      'hostname',
      'subdomain',
    ]),
    ...(nodeAffinity && { affinity: { nodeAffinity } }),
  };
}
