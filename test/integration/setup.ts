import { execa } from 'execa';
import { current, down, up } from '../../lab/lab.ts';

/** Each project of the lab has this set-up; all of them are the same vitest, and one build serves them. */
const built = 'BACKSTEP_TESTS_BUILT';

/** Builds the project and starts the lab before the first lab test; takes it down again if it was not there before. */
export default async function setup(): Promise<() => Promise<void>> {
  const already = await current();
  if (process.env[built] === undefined) await execa('npm', ['run', 'build'], { stdio: 'inherit' });
  process.env[built] = 'yes';
  await up();
  return async () => {
    if (already === undefined) await down();
  };
}
