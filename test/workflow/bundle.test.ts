import { readFile } from 'node:fs/promises';
import { beforeAll, describe, expect, inject, test } from 'vitest';

/** Paths of the modules in the bundle that Temporal runs workflows from, as webpack names them. */
let modules: string[];
beforeAll(async () => {
  const code = await readFile(inject('workflowBundle'), 'utf8');
  modules = [
    ...new Set([...code.matchAll(/"\.\/((?:src|node_modules)\/[^"]+)"/g)].map(([, path = '']) => path)),
  ];
});

describe('the bundle of the workflows', () => {
  test('has the orders, the declarations of the steps, domain and views, and nothing else of ours', () => {
    const ours = modules.filter((path) => path.startsWith('src/'));
    expect(ours).toContain('src/workflows/rollback.ts');
    expect(ours).toContain('src/activities/salvage/step.ts');
    const allowed = /^src\/(?:workflows\/|domain\/|views\/|activities\/(?:steps|[\w-]+\/step)\.ts$)/;
    expect(ours.filter((path) => !allowed.test(path))).toEqual([]);
  });

  test('has no activity, no Job, no PostgreSQL and no Kubernetes', () => {
    const forbidden = /\/(?:activity|job)\.ts$|node_modules\/(?:pg[-/]|@kubernetes\/)/;
    expect(modules.filter((path) => forbidden.test(path))).toEqual([]);
  });

  test('has no package but those of Temporal, and what computes hashes and checks input', () => {
    const packages = modules
      .filter((path) => path.startsWith('node_modules/'))
      .map((path) => /^node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(path)?.[1]);
    expect(new Set(packages)).toEqual(
      new Set([
        '@noble/hashes',
        '@temporalio/common',
        '@temporalio/workflow',
        'long',
        'ms',
        'nexus-rpc',
        'zod',
      ]),
    );
  });
});
