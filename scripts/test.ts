import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { explanation } from '../lab/lab-error.ts';
import { current, down } from '../lab/lab.ts';
import { upInLines } from '../lab/terminal.ts';
import { promises, testFiles } from '../test/promises.ts';
import { counted, program, summary, type Counts, type Results } from './test-results.ts';

// npm test            checks, every test that needs no lab, and on the lab those that prove the README's promises
// npm test -- --all   everything
// npm test -- ARGS    the tests that `vitest run ARGS` runs, such as those of one file; no checks
//
// Takes the lab down again unless it was up before.

const fast = ['unit', 'workflow', 'replay'];
/** Not on the lab, but as slow as a person's command line and browser. */
const withoutLab = ['entry-points', 'browser'];
const onTheLab = ['integration', 'property', 'cluster-wide'];
/** The property test proves its promise with any number of cases; `--all` has 200, `npm run soak` thousands. */
const casesOfAPromise = '24';

const all = process.argv.includes('--all');
const forVitest = process.argv.slice(2).filter((argument) => argument !== '--all');
const results = mkdtempSync(join(tmpdir(), 'backstep-test-'));

const run = async (command: string, args: string[], env: Record<string, string> = {}): Promise<boolean> => {
  const end = await execa(command, args, {
    stdio: ['ignore', 'inherit', 'inherit'],
    reject: false,
    preferLocal: true,
    env,
  });
  return end.exitCode === 0;
};

const selected = (projects: string[]): string[] => projects.flatMap((project) => ['--project', project]);

interface Choice {
  files: string[];
  names: string[];
}

async function vitest(projects: string[], choice?: Choice, env?: Record<string, string>): Promise<Counts> {
  const file = join(results, `${projects.join('-') || 'given'}.json`);
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${file}`];
  const chosen = choice === undefined ? [] : [...choice.files, '-t', choice.names.map(literally).join('|')];
  const args = ['run', ...selected(projects), ...reporters, ...chosen, ...forVitest];
  const passed = await run('vitest', args, env);
  return counted(resultsIn(file), passed, choice !== undefined);
}

const literally = (name: string): string => name.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`);

function resultsIn(file: string): Results | undefined {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Results;
  } catch {
    return undefined;
  }
}

/** The tests of the lab that the README's table names, and the files that they stand in. */
function promised(): Choice {
  const wanted = new Set(promises.flatMap(({ tests }) => tests));
  const files = testFiles()
    .filter(({ file }) => onTheLab.some((project) => file.startsWith(`test/${project}/`)))
    .map(({ file, tests }) => ({ file, names: tests.filter((test) => wanted.has(test)) }))
    .filter(({ names }) => names.length > 0);
  return { files: files.map(({ file }) => file), names: [...new Set(files.flatMap(({ names }) => names))] };
}

/** How many other tests there are in these projects, without running them: a table of cases counts as one. */
async function others(projects: string[], { names }: Choice): Promise<number> {
  const file = join(results, 'list.json');
  await execa('vitest', ['list', '--static-parse', `--json=${file}`, ...selected(projects)], {
    preferLocal: true,
  });
  const listed = JSON.parse(readFileSync(file, 'utf8')) as { name: string }[];
  return listed.filter(({ name }) => !names.some((each) => name.includes(each))).length;
}

const before = await current();
const parts: Counts[] = [];
let more = 0;
if (!all && forVitest.length > 0) {
  // The tests of the lab bring it up themselves.
  parts.push(await vitest([]));
} else {
  // The first time this takes minutes, most of it one build; it shows each stage as it ends.
  const lab = upInLines().then(
    () => undefined,
    (error: unknown) => error,
  );
  parts.push(program(await run('npm', ['run', 'check'])), await vitest(fast));
  const broken = await lab;
  if (broken !== undefined) {
    console.error(explanation(broken));
    parts.push(program(false));
  } else if (all) {
    parts.push(await vitest([...onTheLab, ...withoutLab]));
  } else {
    const choice = promised();
    parts.push(await vitest(onTheLab, choice, { BACKSTEP_CASES: casesOfAPromise }));
    more = await others([...onTheLab, ...withoutLab], choice);
  }
  if (before === undefined) await down();
}

for (const line of summary(parts, more)) console.log(line);
process.exitCode = parts.some(({ failed }) => failed > 0) ? 1 : 0;
