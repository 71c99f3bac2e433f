import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseAllDocuments } from 'yaml';
import { describe, expect, it } from 'vitest';
import { rightsNeeded, rightsOverOwners, type Right } from '../../src/kubernetes/rights.ts';

interface Rule {
  apiGroups: string[];
  resources: string[];
  verbs: string[];
}

/** Rules of every Role in a manifest, as `verb group/resource`. */
function granted(file: string): string[] {
  const objects = parseAllDocuments(readFileSync(file, 'utf8')).map(
    (document) => document.toJS() as { kind: string; rules?: Rule[] },
  );
  return objects
    .filter(({ kind }) => kind === 'Role')
    .flatMap(({ rules = [] }) => rules)
    .flatMap(({ apiGroups, resources, verbs }) =>
      apiGroups.flatMap((group) =>
        resources.flatMap((resource) => verbs.map((verb) => `${verb} ${group}/${resource}`)),
      ),
    )
    .toSorted();
}

const named = (rights: Right[]): string[] =>
  rights
    .map(
      ({ verb, group, resource, subresource }) =>
        `${verb} ${group}/${[resource, subresource].filter(Boolean).join('/')}`,
    )
    .toSorted();

const needed = (namespace: string): string[] =>
  named(rightsNeeded('service', 'records').filter((right) => right.namespace === namespace));
const overOwners = named(rightsOverOwners('anywhere'));

/** A call of the client, as the rights that it takes. */
function rightsOf(call: string): string[] {
  const [, api, method = ''] = /^(\w+)\.(\w+)$/.exec(call) ?? [];
  // Whatever is pausable: the owners, and Jobs that migrate.
  const verb = /^(get|list|patch)NamespacedCustomObject$/.exec(method)?.[1];
  if (api === 'custom')
    return [...overOwners, 'get batch/jobs', 'patch batch/jobs'].filter((right) =>
      right.startsWith(`${verb} `),
    );
  return [rightOf(api, method)];
}

function rightOf(api: string | undefined, method: string): string {
  const special: Record<string, string> = {
    createSelfSubjectAccessReview: 'create authorization.k8s.io/selfsubjectaccessreviews',
    connectGetNamespacedServiceProxyWithPath: 'get /services/proxy',
    readNamespacedPodLog: 'get /pods/log',
    patchNamespacedDeploymentScale: 'patch apps/deployments/scale',
  };
  if (special[method] !== undefined) return special[method];
  const verbs: Record<string, string> = {
    read: 'get',
    list: 'list',
    create: 'create',
    replace: 'update',
    patch: 'patch',
    delete: 'delete',
  };
  const [, verb = '', kind = ''] =
    /^(read|list|create|replace|patch|delete)Namespaced(\w+)$/.exec(method) ?? [];
  const group = { core: '', apps: 'apps', batch: 'batch', autoscaling: 'autoscaling' }[api ?? ''];
  return `${verbs[verb]} ${group}/${kind.toLowerCase()}s`;
}

const calls = (): string[] => {
  const sources = readdirSync('src', { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts'))
    .map((file) => readFileSync(join('src', file), 'utf8'));
  const found = sources.flatMap((text) => [
    ...text.matchAll(/\bcluster\s*\.((?:core|apps|batch|autoscaling|authorization|custom)\s*\.\s*\w+)/g),
  ]);
  return [...new Set(found.flatMap(([, call = '']) => rightsOf(call.replaceAll(/\s/g, ''))))].toSorted();
};

describe('least privilege', () => {
  it('grants in a service namespace exactly what assess asks for', () => {
    expect(granted('deploy/rbac-service.yaml')).toEqual(needed('service'));
  });

  it('grants in its own namespace exactly what assess asks for', () => {
    expect(granted('deploy/rbac.yaml')).toEqual(needed('records'));
  });

  it('grants over owners of workloads exactly what assess may use', () => {
    expect(granted('deploy/rbac-owners.yaml')).toEqual(overOwners);
  });

  it('asks for exactly what the code calls', () => {
    const asked = new Set([
      ...needed('service'),
      ...needed('records'),
      ...overOwners,
      'create authorization.k8s.io/selfsubjectaccessreviews',
    ]);
    expect(calls()).toEqual([...asked].toSorted());
  });
});
