import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

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

/** On a shared machine something stalls for seconds now and then; what fails twice is about the change. */
const retry = process.env['CI'] === undefined ? 0 : 1;
/** Many small files; vitest alone would leave one of two cores idle. */
const fast = { isolate: false, maxWorkers: 2, retry };
/** Of whatever runs beside the lab tests: much of a test there is waiting for pods. */
const maxWorkers = 4;
/** The lab is one; its tests have a namespace and a database each, and two cores to share. */
const onTheLab = {
  globalSetup: ['test/integration/setup.ts'],
  // The client of Kubernetes alone takes a second of a core to load.
  isolate: false,
  setupFiles: ['test/integration/unstub-environment.ts'],
  maxWorkers,
};
const besideTheLab = { globalSetup: ['test/workflow/setup.ts'], isolate: false, maxWorkers, retry };
/** Custom resource definitions are the whole cluster's: whoever makes some has it alone. */
const clusterWide = ['test/integration/pauses.test.ts'];

/** Minutes each; whichever of them began last would be waited for alone. */
const longest = [
  'nothing-lost',
  'crash',
  'before-the-downgrade',
  'entry-points',
  'after-the-downgrade',
  'restore',
  'put-back-and-start-crash',
  'page',
  'bad-input',
  'demo',
  'rehearsal-by-itself',
  'stop-writes-crash',
  'start-app',
].map((name) => `/${name}.test.ts`);

const rank = ({ moduleId }: TestSpecification): number => {
  const at = longest.findIndex((name) => moduleId.endsWith(name));
  return at < 0 ? longest.length : at;
};

class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    // oxlint-disable-next-line unicorn/no-array-sort -- vitest's own, by size
    const sorted = await super.sort(files);
    return sorted.toSorted((one, other) => rank(one) - rank(other));
  }
}

export default defineConfig({
  test: {
    sequence: { sequencer: LongestFirst },
    projects: [
      project('unit', 20_000, fast),
      project('workflow', 60_000, { globalSetup: ['test/workflow/setup.ts'], ...fast }),
      project('replay', 60_000, { globalSetup: ['test/workflow/setup.ts'], ...fast }),
      // Neither needs the lab, but a command line and a browser take as long as with a person.
      project('entry-points', 60_000, besideTheLab),
      project('browser', 60_000, besideTheLab),
      // Hundreds of small databases; `BACKSTEP_CASES` and `BACKSTEP_SEED` choose how many, and which.
      project('property', 420_000, onTheLab),
      project('integration', 420_000, { ...onTheLab, retry, exclude: clusterWide }),
      project('cluster-wide', 420_000, {
        ...onTheLab,
        include: clusterWide,
        sequence: { groupOrder: 1 },
      }),
    ],
  },
});
