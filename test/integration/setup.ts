import { execa } from 'execa';
import { current, down, up } from '../../lab/lab.ts';

/** Builds the project and starts the lab before the first lab test; takes it down again if it was not there before. */
export default async function setup(): Promise<() => Promise<void>> {
  const already = await current();
  await execa('npm', ['run', 'build'], { stdio: 'inherit' });
  await up();
  return async () => {
    if (already === undefined) await down();
  };
}
