import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { explanation } from '../lab/lab-error.ts';
import { current, down } from '../lab/lab.ts';
import { upInLines } from '../lab/terminal.ts';
import { promises, testFiles } from '../test/promises.ts';

// npm test            checks, every fast test, and on the lab the tests that prove the README's promises
// npm test -- --all   everything
// npm test -- ARGS    the tests that `vitest run ARGS` runs, such as those of one file; no checks
//
// Takes the lab down again unless it was up before. Ends with `N passed, N failed`, alone on the last line and perhaps
// followed by `, N skipped`: programs read that line, so the second tries stand on the line before it.

interface Counts {
  numPassedTests: number;
  numFailedTests: number;
  numPendingTests: number;
}

interface Results extends Counts {
  testResults: {
    name: string;
    assertionResults: { fullName: string; title: string; status: string; failureMessages?: string[] }[];
  }[];
}

const fast = ['unit', 'workflow', 'replay'];
const withoutLab = ['entry-points', 'browser'];
const onTheLab = ['integration', 'property', 'cluster-wide'];
/** The property test proves its promise with any number of cases; `--all` has 200, `npm run soak` thousands. */
const casesOfAPromise = '24';

const given = process.argv.slice(2);
const all = given.includes('--all');
const forVitest = given.filter((argument) => argument !== '--all');

const results = mkdtempSync(join(tmpdir(), 'backstep-test-'));
let secondTries = 0;

const run = async (command: string, args: string[], env: Record<string, string> = {}): Promise<boolean> => {
  const end = await execa(command, args, {
    stdio: ['ignore', 'inherit', 'inherit'],
    reject: false,
    preferLocal: true,
    env,
  });
  return end.exitCode === 0;
};

/** A program of its own in the count: it passed or it failed. */
const counted = async (command: string, args: string[]): Promise<Counts> => {
  const passed = await run(command, args);
  return { numPassedTests: Number(passed), numFailedTests: Number(!passed), numPendingTests: 0 };
};

/**
 * A run of vitest; one that ends badly without a failed test (a broken set-up) counts as a failure.
 *
 * @param names where given, only tests of these names run, and others do not count as skipped
 */
async function vitest(
  projects: string[],
  args: string[],
  names?: Set<string>,
  env?: Record<string, string>,
): Promise<Counts> {
  const file = join(results, `${projects.join('-') || 'given'}.json`);
  const selection = projects.flatMap((project) => ['--project', project]);
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${file}`];
  const passed = await run('vitest', ['run', ...selection, ...reporters, ...args], env);
  const counts = countsIn(file, names);
  return !passed && counts.numFailedTests === 0 ? { ...counts, numFailedTests: 1 } : counts;
}

function countsIn(file: string, names?: Set<string>): Counts {
  try {
    const results = JSON.parse(readFileSync(file, 'utf8')) as Results;
    for (const line of passedAtTheSecondTry(results)) console.log(line);
    return names === undefined ? results : { ...results, numPendingTests: 0 };
  } catch {
    return { numPassedTests: 0, numFailedTests: 0, numPendingTests: 0 };
  }
}

/** Vitest says of a test that passed when it was tried again that it did so, and not why it had failed. */
function passedAtTheSecondTry({ testResults }: Results): string[] {
  const lines = testResults.flatMap(({ name, assertionResults }) =>
    assertionResults
      .filter(({ status, failureMessages = [] }) => status === 'passed' && failureMessages.length > 0)
      .map(
        (test) => `Passed at the second try: ${name}: ${test.fullName}\n${test.failureMessages?.join('\n')}`,
      ),
  );
  secondTries += lines.length;
  return lines;
}

/** The tests of the lab that the README's table names. */
function promised(): { files: string[]; names: Set<string> } {
  const wanted = new Set(promises.flatMap(({ tests }) => tests));
  const files = testFiles().filter(
    ({ file, tests }) =>
      onTheLab.some((project) => file.startsWith(`test/${project}/`)) &&
      tests.some((test) => wanted.has(test)),
  );
  const names = files.flatMap(({ tests }) => tests.filter((test) => wanted.has(test)));
  return { files: files.map(({ file }) => file), names: new Set(names) };
}

/** How many tests of some projects have not run; a table of cases counts as one. */
async function notRun(projects: string[], names: Set<string>): Promise<number> {
  const file = join(results, 'list.json');
  const selection = projects.flatMap((project) => ['--project', project]);
  await execa('vitest', ['list', '--static-parse', `--json=${file}`, ...selection], { preferLocal: true });
  const listed = JSON.parse(readFileSync(file, 'utf8')) as { name: string }[];
  return listed.filter(({ name }) => ![...names].some((each) => name.includes(each))).length;
}

const before = await current();
const parts: Counts[] = [];
let more = 0;
if (!all && forVitest.length > 0) {
  // Where these are tests of the lab, their own set-up brings it up.
  parts.push(await vitest([], forVitest));
} else {
  // The first time this takes minutes, most of it one build; it shows each stage as it ends.
  const lab = upInLines().then(
    () => undefined,
    (error: unknown) => error,
  );
  parts.push(await counted('npm', ['run', 'check']), await vitest(fast, forVitest));
  const broken = await lab;
  if (broken !== undefined) {
    console.error(explanation(broken));
    parts.push({ numPassedTests: 0, numFailedTests: 1, numPendingTests: 0 });
  } else if (all) {
    parts.push(await vitest([...onTheLab, ...withoutLab], forVitest));
  } else {
    const { files, names } = promised();
    const pattern = [...names]
      .map((name) => name.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`))
      .join('|');
    parts.push(await vitest(onTheLab, [...files, '-t', pattern], names, { BACKSTEP_CASES: casesOfAPromise }));
    more = await notRun([...onTheLab, ...withoutLab], names);
  }
  if (before === undefined) await down();
}

const total = (key: keyof Counts) => parts.reduce((sum, part) => sum + part[key], 0);
const skipped = total('numPendingTests');
if (more > 0) console.log(`\`npm test -- --all\` has ${more} more tests; a table of cases counts as one.`);
console.log(`At the second try: ${secondTries}`);
console.log(
  `${total('numPassedTests')} passed, ${total('numFailedTests')} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`,
);
process.exitCode = total('numFailedTests') === 0 ? 0 : 1;
