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

interface Shared {
  temporalAddress: string;
  workflowBundle: string;
  close(): Promise<void>;
}

async function open(): Promise<Shared> {
  const directory = await mkdtemp(join(tmpdir(), 'backstep-bundle-'));
  const workflowBundle = join(directory, 'workflows.js');
  const [server, bundle] = await Promise.all([
    developmentServer(),
    bundleWorkflowCode({
      workflowsPath: fileURLToPath(new URL('../../src/workflows/index.ts', import.meta.url)),
      logger: { log: quiet, trace: quiet, debug: quiet, info: quiet, warn: quiet, error: console.error },
    }),
  ]);
  await writeFile(workflowBundle, bundle.code);
  const close = async () => {
    await server.teardown();
    await rm(directory, { recursive: true });
  };
  return { temporalAddress: server.address, workflowBundle, close };
}

/** Each project loads this module anew, in one process; what it opens is held by all of them together. */
const held = globalThis as { backstepTests?: { users: number; shared: Promise<Shared> } };

/** One development server and one bundle for all test files; the bundle alone takes seconds. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const mine = (held.backstepTests ??= { users: 0, shared: open() });
  mine.users += 1;
  const shared = await mine.shared;
  project.provide('temporalAddress', shared.temporalAddress);
  project.provide('workflowBundle', shared.workflowBundle);
  return async () => {
    mine.users -= 1;
    if (mine.users === 0) await shared.close();
  };
}
