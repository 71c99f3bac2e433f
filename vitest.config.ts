import { existsSync } from 'node:fs';
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
/** Projects of one group run side by side, so they agree on how many workers there are. */
const group = (groupOrder: number) => ({ sequence: { groupOrder } });
/** Many small files; vitest alone would leave one of two cores idle. */
const fast = { isolate: false, maxWorkers: 2, retry, ...group(0) };
/** Of whatever runs beside the lab tests: much of a test there is waiting for pods. */
const maxWorkers = 4;
/** The lab is one; its tests have a namespace and a database each, and two cores to share. */
const onTheLab = {
  globalSetup: ['test/integration/fixtures/setup.ts'],
  // The client of Kubernetes alone takes a second of a core to load.
  isolate: false,
  setupFiles: ['test/integration/fixtures/unstub-environment.ts'],
  maxWorkers,
  ...group(1),
};
const temporal = { globalSetup: ['test/workflow/setup.ts'] };
const besideTheLab = { ...temporal, isolate: false, maxWorkers, retry, ...group(1) };

const root = new URL('.', import.meta.url);
const existing = (file: string): string => {
  if (!existsSync(new URL(file, root))) throw new Error(`vitest.config.ts names ${file}, which is not there`);
  return file;
};

/** Custom resource definitions are the whole cluster's: whoever makes some has it alone. */
const clusterWide = [existing('test/integration/pauses.test.ts')];

/** Minutes each; whichever of them began last would be waited for alone. */
const longest = [
  'property/nothing-lost',
  'integration/crash',
  'integration/before-the-downgrade',
  'integration/entry-points',
  'integration/after-the-downgrade',
  'integration/restore',
  'integration/put-back-and-start-crash',
  'integration/page',
  'integration/bad-input',
  'integration/demo',
  'integration/rehearsal-by-itself',
  'integration/stop-writes-crash',
  'integration/start-app',
].map((name) => existing(`test/${name}.test.ts`));

const rank = ({ moduleId }: TestSpecification): number => {
  const at = longest.findIndex((name) => moduleId.endsWith(`/${name}`));
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
      project('workflow', 60_000, { ...temporal, ...fast }),
      project('replay', 60_000, { ...temporal, ...fast }),
      // Neither needs the lab, but a command line and a browser take as long as with a person.
      project('entry-points', 60_000, besideTheLab),
      project('browser', 60_000, besideTheLab),
      // Hundreds of small databases; `BACKSTEP_CASES` and `BACKSTEP_SEED` choose how many, and which.
      project('property', 420_000, onTheLab),
      project('integration', 420_000, { ...onTheLab, retry, exclude: clusterWide }),
      project('cluster-wide', 420_000, { ...onTheLab, include: clusterWide, ...group(2) }),
    ],
  },
});
