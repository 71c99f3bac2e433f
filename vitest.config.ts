import { defineConfig } from 'vitest/config';

const project = (name: string, timeout: number, extra: object = {}) => ({
  test: {
    name,
    include: [`test/${name}/**/*.test.ts`],
    testTimeout: timeout,
    hookTimeout: timeout,
    ...extra,
  },
});

export default defineConfig({
  test: {
    projects: [
      project('unit', 20_000),
      project('workflow', 60_000, { globalSetup: ['test/workflow/setup.ts'] }),
      project('replay', 60_000, { globalSetup: ['test/workflow/setup.ts'] }),
      // The lab is one; its tests have a namespace and a database each, and two cores to share.
      project('integration', 300_000, {
        globalSetup: ['test/integration/setup.ts'],
        maxWorkers: 2,
      }),
    ],
  },
});
