import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseAllDocuments } from 'yaml';
import { describe, expect, it } from 'vitest';
import { rightsNeeded } from '../../src/kubernetes/rights.ts';

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

const needed = (namespace: string): string[] =>
  rightsNeeded('service', 'records')
    .filter((right) => right.namespace === namespace)
    .map(
      ({ verb, group, resource, subresource }) =>
        `${verb} ${group}/${[resource, subresource].filter(Boolean).join('/')}`,
    )
    .toSorted();

/** A call of the client, as the right that it takes. */
function rightOf(call: string): string {
  const [, api, method = ''] = /^(\w+)\.(\w+)$/.exec(call) ?? [];
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
    ...text.matchAll(/\bcluster\s*\.((?:core|apps|batch|autoscaling|authorization)\s*\.\s*\w+)/g),
  ]);
  return [...new Set(found.map(([, call = '']) => rightOf(call.replaceAll(/\s/g, ''))))].toSorted();
};

describe('least privilege', () => {
  it('grants in a service namespace exactly what assess asks for', () => {
    expect(granted('deploy/rbac-service.yaml')).toEqual(needed('service'));
  });

  it('grants in its own namespace exactly what assess asks for', () => {
    expect(granted('deploy/rbac.yaml')).toEqual(needed('records'));
  });

  it('asks for exactly what the code calls', () => {
    const asked = new Set([
      ...needed('service'),
      ...needed('records'),
      'create authorization.k8s.io/selfsubjectaccessreviews',
    ]);
    expect(calls()).toEqual([...asked].toSorted());
  });
});
