import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { explanation } from '../lab/lab-error.ts';
import { current, down } from '../lab/lab.ts';
import { upInLines } from '../lab/terminal.ts';

// Everything that is promised, in one command: checks and fast tests while the lab comes up, then the lab tests.
// Ends with `N passed, N failed`, and takes the lab down again unless it was up before.

interface Counts {
  numPassedTests: number;
  numFailedTests: number;
  numPendingTests: number;
}

interface Results extends Counts {
  testResults: {
    name: string;
    assertionResults: { fullName: string; status: string; failureMessages?: string[] }[];
  }[];
}

const results = mkdtempSync(join(tmpdir(), 'backstep-test-'));
const run = async (command: string, args: string[]): Promise<boolean> => {
  const end = await execa(command, args, {
    stdio: ['ignore', 'inherit', 'inherit'],
    reject: false,
    preferLocal: true,
  });
  return end.exitCode === 0;
};

/** A program of its own in the count: it passed or it failed. */
const counted = async (command: string, args: string[]): Promise<Counts> => {
  const passed = await run(command, args);
  return { numPassedTests: Number(passed), numFailedTests: Number(!passed), numPendingTests: 0 };
};

/** A run of vitest; one that ends badly without a failed test (a broken set-up) counts as a failure. */
async function vitest(name: string, projects: string[]): Promise<Counts> {
  const file = join(results, `${name}.json`);
  const selection = projects.flatMap((project) => ['--project', project]);
  const passed = await run('vitest', [
    'run',
    ...selection,
    '--reporter=default',
    '--reporter=json',
    `--outputFile.json=${file}`,
    ...process.argv.slice(2),
  ]);
  const counts = countsIn(file);
  return !passed && counts.numFailedTests === 0 ? { ...counts, numFailedTests: 1 } : counts;
}

function countsIn(file: string): Counts {
  try {
    const results = JSON.parse(readFileSync(file, 'utf8')) as Results;
    for (const line of secondTries(results)) console.log(line);
    return results;
  } catch {
    return { numPassedTests: 0, numFailedTests: 0, numPendingTests: 0 };
  }
}

/** Vitest says of a test that passed when it was tried again that it did so, and not why it had failed. */
const secondTries = ({ testResults }: Results): string[] =>
  testResults.flatMap(({ name, assertionResults }) =>
    assertionResults
      .filter(({ status, failureMessages = [] }) => status === 'passed' && failureMessages.length > 0)
      .map(
        (test) => `Passed at the second try: ${name}: ${test.fullName}\n${test.failureMessages?.join('\n')}`,
      ),
  );

const before = await current();
// The first time this takes minutes, most of it one build; it shows each stage as it ends.
const lab = upInLines().then(
  () => undefined,
  (error: unknown) => error,
);
const parts: Counts[] = [
  await counted('npm', ['run', 'check']),
  await vitest('fast', ['unit', 'workflow', 'replay']),
];
const broken = await lab;
if (broken === undefined) {
  parts.push(await vitest('lab', ['integration', 'entry-points', 'browser', 'property', 'cluster-wide']));
} else {
  console.error(explanation(broken));
  parts.push({ numPassedTests: 0, numFailedTests: 1, numPendingTests: 0 });
}
if (before === undefined) await down();

const total = (key: keyof Counts) => parts.reduce((sum, part) => sum + part[key], 0);
const skipped = total('numPendingTests');
console.log(
  `${total('numPassedTests')} passed, ${total('numFailedTests')} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`,
);
process.exitCode = total('numFailedTests') === 0 ? 0 : 1;
