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

/** The lab is one; its tests have a namespace and a database each, and two cores to share. */
const onTheLab = { globalSetup: ['test/integration/setup.ts'], maxWorkers: 3 };
/** Custom resource definitions are the whole cluster's: whoever makes some has it alone. */
const clusterWide = ['test/integration/deeds-pauses.test.ts'];

export default defineConfig({
  test: {
    projects: [
      project('unit', 20_000, { isolate: false }),
      project('workflow', 60_000, { globalSetup: ['test/workflow/setup.ts'], isolate: false }),
      project('replay', 60_000, { globalSetup: ['test/workflow/setup.ts'], isolate: false }),
      // Hundreds of small databases; `BACKSTEP_CASES` and `BACKSTEP_SEED` choose how many, and which.
      project('property', 420_000, onTheLab),
      project('integration', 420_000, { ...onTheLab, exclude: clusterWide }),
      project('cluster-wide', 420_000, {
        ...onTheLab,
        include: clusterWide,
        sequence: { groupOrder: 1 },
      }),
    ],
  },
});
