import { defineConfig } from 'vitest/config';

const project = (name: string, timeout: number, extra: object = {}) => ({
  test: {
    name,
    include: [`test/${name}/**/*.test.ts`],
    testTimeout: timeout,
    hookTimeout: timeout,
    // Commands that tests run colour their output where CI is set.
    env: { NO_COLOR: '1' },
    ...extra,
  },
});

export default defineConfig({
  test: {
    projects: [
      project('unit', 20_000, { isolate: false }),
      project('workflow', 60_000, { globalSetup: ['test/workflow/setup.ts'], isolate: false }),
      project('replay', 60_000, { globalSetup: ['test/workflow/setup.ts'], isolate: false }),
      // The lab is one; its tests have a namespace and a database each, and two cores to share.
      project('integration', 420_000, {
        globalSetup: ['test/integration/setup.ts'],
        maxWorkers: 3,
      }),
    ],
  },
});
