import type { ObjectReference, PausedObject } from '../domain/plan/pauses.ts';
import { kubernetesFailure, statusOf } from './answer.ts';
import type { Cluster } from './cluster.ts';
import {
  findObject,
  describeObject,
  listObjects,
  pausable,
  pauseOf,
  servedGroups,
  type AnyObject,
  type PausableKind,
} from './pausable.ts';

/** A workload whose owners are asked for. */
export interface Owned {
  /** As people call it: `Deployment api`. */
  what: string;
  kind: 'Deployment' | 'CronJob';
  name: string;
  object: AnyObject;
}

export interface Owners {
  /** Each owner once, with what it holds now. */
  found: PausedObject[];
  /** Owners that cannot be paused, or not be read, in words. */
  notes: string[];
}

/** An owner as the marks on an object name it. `sure` is false for a label that others use, too. */
interface Mark {
  kind: PausableKind;
  namespace: string;
  name: string;
  sure: boolean;
}

/** Applications may be made by Applications; nobody stacks them higher. */
const mostLevels = 5;

/**
 * Who else manages the workloads and would undo their stop: Argo CD, Flux, KEDA and operators, found by the
 * marks that they leave, and their own owners (an Application of Applications). API groups that are not
 * installed are no error.
 *
 * @param scaledJobs names of the definition; others in the namespace are only named
 */
export async function ownersOf(
  cluster: Cluster,
  namespace: string,
  owned: readonly Owned[],
  options: { argocdNamespace: string; scaledJobs: readonly string[] },
): Promise<Owners> {
  const groups = await servedGroups(cluster);
  const seen = new Map<string, PausedObject>();
  const notes = new Set<string>();
  let level: Owned[] = [...owned];
  for (let depth = 0; depth < mostLevels && level.length > 0; depth += 1) {
    const above: Owned[] = [];
    for (const each of level) {
      for (const note of unpausable(each)) notes.add(note);
      for (const mark of marksOf(each, options.argocdNamespace)) {
        const on = reference(groups, mark);
        if (on === undefined || seen.has(describeObject(on))) continue;
        const object = await readOwner(cluster, on, each, notes);
        if (object === undefined || (!mark.sure && !manages(object, each))) continue;
        const pause = pauseOf(mark.kind, on, object, 'person');
        seen.set(describeObject(on), pause);
        above.push({ what: pause.what, kind: 'Deployment', name: on.name, object });
      }
    }
    level = above;
  }
  const scaled = await scalersOf(
    cluster,
    { groups, namespace, owned, scaledJobs: options.scaledJobs },
    notes,
  );
  return { found: [...seen.values(), ...scaled], notes: [...notes] };
}

function reference(
  groups: Map<string, string>,
  { kind, namespace, name }: Pick<Mark, 'kind' | 'namespace' | 'name'>,
): ObjectReference | undefined {
  const { group, plural } = pausable[kind];
  const version = groups.get(group);
  return version === undefined ? undefined : { group, version, plural, namespace, name };
}

function marksOf({ object }: Owned, argocdNamespace: string): Mark[] {
  const { labels = {}, annotations = {}, namespace = '' } = object.metadata ?? {};
  const marks: Mark[] = [];
  // `app:group/Kind:namespace/name`; an Application outside Argo CD's own namespace is `namespace_app`.
  const tracked = annotations['argocd.argoproj.io/tracking-id']?.split(':')[0];
  for (const [id, sure] of [
    [tracked, true],
    [labels['argocd.argoproj.io/instance'], true],
    [labels['app.kubernetes.io/instance'], false],
  ] as const) {
    if (id === undefined || id === '') continue;
    const [first, ...rest] = id.split('_');
    const [where, name] = rest.length > 0 ? [first ?? '', rest.join('_')] : [argocdNamespace, id];
    marks.push({ kind: 'application', namespace: where, name, sure });
  }
  for (const [kind, prefix] of [
    ['kustomization', 'kustomize.toolkit.fluxcd.io'],
    ['helmRelease', 'helm.toolkit.fluxcd.io'],
  ] as const) {
    const name = labels[`${prefix}/name`];
    if (name !== undefined)
      marks.push({ kind, namespace: labels[`${prefix}/namespace`] ?? namespace, name, sure: true });
  }
  return marks;
}

/** An Application lists what it manages. */
function manages(application: AnyObject, { kind, name }: Owned): boolean {
  const resources = application.status?.['resources'];
  return (
    Array.isArray(resources) &&
    (resources as { kind?: string; name?: string }[]).some((each) => each.kind === kind && each.name === name)
  );
}

/** Who has no switch that pauses it: a person must see to it. */
function unpausable({ what, object }: Owned): string[] {
  const { annotations = {}, labels = {}, ownerReferences = [] } = object.metadata ?? {};
  const release = annotations['meta.helm.sh/release-name'];
  const byFlux = labels['helm.toolkit.fluxcd.io/name'] !== undefined;
  return [
    ...(release !== undefined && !byFlux
      ? [`${what} belongs to Helm release ${release}: a new \`helm upgrade\` brings the bad release back.`]
      : []),
    ...ownerReferences
      .filter(({ controller }) => controller === true)
      .map(
        (owner) =>
          `${what} belongs to ${owner.kind} ${owner.name}, which may undo its stop: pause it by hand.`,
      ),
  ];
}

async function readOwner(
  cluster: Cluster,
  on: ObjectReference,
  { what }: Owned,
  notes: Set<string>,
): Promise<AnyObject | undefined> {
  try {
    return await findObject(cluster, on);
  } catch (error) {
    if (statusOf(error) !== 403) throw kubernetesFailure(error, `read ${describeObject(on)}`);
    notes.add(
      `${what} is managed by ${describeObject(on)}, which Backstep may not read (deploy/rbac-owners.yaml): pause it by hand, or it brings the bad release back.`,
    );
    return undefined;
  }
}

/** KEDA: ScaledObjects by the Deployment that they scale; ScaledJobs by the definition. */
async function scalersOf(
  cluster: Cluster,
  of: {
    groups: Map<string, string>;
    namespace: string;
    owned: readonly Owned[];
    scaledJobs: readonly string[];
  },
  notes: Set<string>,
): Promise<PausedObject[]> {
  const { groups, namespace, owned, scaledJobs } = of;
  const names = new Set(owned.filter(({ kind }) => kind === 'Deployment').map(({ name }) => name));
  const list = async (kind: 'scaledObject' | 'scaledJob'): Promise<PausedObject[]> => {
    const on = reference(groups, { kind, namespace, name: '' });
    if (on === undefined) return [];
    const { name: _, ...all } = on;
    const objects = await listObjects(cluster, all).catch((error: unknown) => {
      if (statusOf(error) !== 403) throw error;
      notes.add(
        `Backstep may not list ${on.plural} (deploy/rbac-owners.yaml): whether KEDA starts workloads again is not known.`,
      );
      return [];
    });
    return objects
      .filter((object) => kind === 'scaledObject' || isNamed(object, scaledJobs, notes))
      .filter((object) => kind === 'scaledJob' || names.has(targetOf(object) ?? ''))
      .map((object) => pauseOf(kind, { ...on, name: object.metadata?.name ?? '' }, object, 'start'));
  };
  return [...(await list('scaledObject')), ...(await list('scaledJob'))];
}

function targetOf(object: AnyObject): string | undefined {
  const target = object.spec?.['scaleTargetRef'] as { kind?: string; name?: string } | undefined;
  return target?.kind === undefined || target.kind === 'Deployment' ? target?.name : undefined;
}

function isNamed(object: AnyObject, scaledJobs: readonly string[], notes: Set<string>): boolean {
  const name = object.metadata?.name ?? '';
  if (scaledJobs.includes(name)) return true;
  notes.add(
    `KEDA ScaledJob ${name} is not in the definition: if it writes to the database, name it in writes.scaledJobs.`,
  );
  return false;
}
