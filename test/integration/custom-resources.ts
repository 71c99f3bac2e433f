/** Definitions as bare as the API server takes them: it keeps any object of these kinds, and nothing acts on it. */
const kinds = [
  ['argoproj.io', 'v1alpha1', 'Application', 'applications'],
  ['kustomize.toolkit.fluxcd.io', 'v1', 'Kustomization', 'kustomizations'],
  ['helm.toolkit.fluxcd.io', 'v2', 'HelmRelease', 'helmreleases'],
  ['keda.sh', 'v1alpha1', 'ScaledObject', 'scaledobjects'],
  ['keda.sh', 'v1alpha1', 'ScaledJob', 'scaledjobs'],
] as const;

export const crdNames = kinds.map(([group, , , plural]) => `${plural}.${group}`);

export const crds = kinds.map(([group, version, kind, plural]) => ({
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: `${plural}.${group}` },
  spec: {
    group,
    scope: 'Namespaced',
    names: { kind, plural, singular: kind.toLowerCase() },
    versions: [
      {
        name: version,
        served: true,
        storage: true,
        schema: { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } },
      },
    ],
  },
}));

/** An object of one of these kinds. */
export function custom(
  of: (typeof kinds)[number][2],
  metadata: { name: string; namespace?: string; labels?: object; annotations?: object },
  spec: object,
): object {
  const [group, version] = kinds.find(([, , kind]) => kind === of) ?? [];
  return { apiVersion: `${group}/${version}`, kind: of, metadata, spec };
}
