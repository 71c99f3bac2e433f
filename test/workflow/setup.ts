import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundleWorkflowCode } from '@temporalio/worker';
import type { TestProject } from 'vitest/node';
import { developmentServer } from '../temporal.ts';

declare module 'vitest' {
  interface ProvidedContext {
    temporalAddress: string;
    workflowBundle: string;
  }
}

const quiet = () => undefined;

/** One development server and one bundle for all test files; the bundle alone takes seconds. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const directory = await mkdtemp(join(tmpdir(), 'backstep-bundle-'));
  const path = join(directory, 'workflows.js');
  const [server, bundle] = await Promise.all([
    developmentServer(),
    bundleWorkflowCode({
      workflowsPath: fileURLToPath(new URL('../../src/workflows/index.ts', import.meta.url)),
      logger: { log: quiet, trace: quiet, debug: quiet, info: quiet, warn: quiet, error: console.error },
    }),
  ]);
  await writeFile(path, bundle.code);
  project.provide('temporalAddress', server.address);
  project.provide('workflowBundle', path);
  return async () => {
    await server.teardown();
    await rm(directory, { recursive: true });
  };
}
