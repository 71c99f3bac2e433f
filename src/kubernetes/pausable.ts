import { canonical } from '../domain/plan/hash.ts';
import { fieldPatch, type Json, type ObjectReference, type PausedObject } from '../domain/plan/pauses.ts';
import { ask, find } from './answer.ts';
import type { Cluster } from './cluster.ts';
import { mergePatch } from './patch.ts';

/** A kind of object that can be told to leave workloads alone, by one of its fields. */
interface Kind {
  /** How people call it. */
  title: string;
  group: string;
  plural: string;
  field: string[];
  paused: Json;
}

/**
 * What may undo a stop, and the field that pauses it. KEDA: with `paused-replicas` it would hold a number of
 * its own, with `paused` it leaves the Deployment as it is. Argo CD: an absent `automated` is understood by
 * every version. A Job that is suspended loses its pods, and stays to be resumed.
 */
export const pausable = {
  application: {
    title: 'Argo CD Application',
    group: 'argoproj.io',
    plural: 'applications',
    field: ['spec', 'syncPolicy', 'automated'],
    paused: null,
  },
  kustomization: {
    title: 'Flux Kustomization',
    group: 'kustomize.toolkit.fluxcd.io',
    plural: 'kustomizations',
    field: ['spec', 'suspend'],
    paused: true,
  },
  helmRelease: {
    title: 'Flux HelmRelease',
    group: 'helm.toolkit.fluxcd.io',
    plural: 'helmreleases',
    field: ['spec', 'suspend'],
    paused: true,
  },
  scaledObject: {
    title: 'KEDA ScaledObject',
    group: 'keda.sh',
    plural: 'scaledobjects',
    field: ['metadata', 'annotations', 'autoscaling.keda.sh/paused'],
    paused: 'true',
  },
  scaledJob: {
    title: 'KEDA ScaledJob',
    group: 'keda.sh',
    plural: 'scaledjobs',
    field: ['metadata', 'annotations', 'autoscaling.keda.sh/paused'],
    paused: 'true',
  },
  job: { title: 'Job', group: 'batch', plural: 'jobs', field: ['spec', 'suspend'], paused: true },
} satisfies Record<string, Kind>;

export type PausableKind = keyof typeof pausable;

/** As far as any object of the API is known. */
export interface AnyObject {
  kind?: string;
  metadata?: {
    name?: string;
    namespace?: string;
    labels?: Record<string, string>;
    annotations?: Record<string, string>;
    ownerReferences?: { kind: string; name: string; controller?: boolean }[];
  };
  spec?: Record<string, unknown>;
  status?: Record<string, unknown>;
}

/** The API groups that the server has, each with its preferred version; those that it lacks are no error. */
export async function servedGroups(cluster: Cluster): Promise<Map<string, string>> {
  const { groups } = await ask('ask for the API groups', cluster.apis.getAPIVersions());
  return new Map(
    groups.map(({ name, preferredVersion, versions }) => [
      name,
      preferredVersion?.version ?? versions[0]?.version ?? '',
    ]),
  );
}

export const describeObject = ({ plural, namespace, name }: ObjectReference) =>
  `${plural} ${namespace}/${name}`;

/** Reads any object; undefined where there is none, or no such kind. */
export const findObject = (cluster: Cluster, on: ObjectReference): Promise<AnyObject | undefined> =>
  find(`read ${describeObject(on)}`, cluster.custom.getNamespacedCustomObject(on) as Promise<AnyObject>);

/** All objects of a kind in a namespace; none where there is no such kind. */
export async function listObjects(cluster: Cluster, of: Omit<ObjectReference, 'name'>): Promise<AnyObject[]> {
  const found = await find(
    `list ${of.plural} in ${of.namespace}`,
    cluster.custom.listNamespacedCustomObject(of) as Promise<{ items: AnyObject[] }>,
  );
  return found?.items ?? [];
}

/** What a field holds; null where it is not set. */
export function fieldOf(object: AnyObject, field: readonly string[]): Json {
  let at: unknown = object;
  for (const key of field)
    at = typeof at === 'object' && at !== null ? (at as Record<string, unknown>)[key] : undefined;
  return (at ?? null) as Json;
}

/** Equal as JSON; an absent switch is as good as one that is off. */
const isSame = (a: Json, b: Json): boolean => canonical(a || null) === canonical(b || null);

/** Whether the object's field has this value. */
export const has = (object: AnyObject, field: readonly string[], value: Json): boolean =>
  isSame(fieldOf(object, field), value);

/** A pause of an object that was read, with what was found; nothing is changed yet. */
export function pauseOf(
  kind: PausableKind,
  on: ObjectReference,
  object: AnyObject,
  until: PausedObject['until'],
): PausedObject {
  const { title, field, paused } = pausable[kind];
  const what = `${title} ${on.namespace}/${on.name}`;
  return { in: 'cluster', what, on, field: [...field], found: fieldOf(object, field), paused, until };
}

/**
 * Wants a value in the field of a pause. Nothing is written where it is so already; an object that is gone has
 * nothing left to pause or to resume.
 *
 * @returns whether anything was written, or that the object is gone
 */
export async function setPause(
  cluster: Cluster,
  pause: PausedObject,
  wanted: 'found' | 'paused',
): Promise<'written' | 'as wanted' | 'gone'> {
  const { on, field } = pause;
  const object = await findObject(cluster, on);
  if (object === undefined) return 'gone';
  if (has(object, field, pause[wanted])) return 'as wanted';
  const written = await find(
    `${wanted === 'paused' ? 'pause' : 'resume'} ${describeObject(on)}`,
    cluster.custom.patchNamespacedCustomObject({ ...on, body: fieldPatch(field, pause[wanted]) }, mergePatch),
  );
  return written === undefined ? 'gone' : 'written';
}
