import { setTimeout as pause } from 'node:timers/promises';
import { execa } from 'execa';
import { installDebian } from '../lab/packages.ts';

/** Somebody else may be installing something at this moment. */
const tries = 4;

async function onPath(names: string[]): Promise<string | undefined> {
  const search = names.map((name) => `command -v ${name}`).join(' || ');
  const { stdout } = await execa('sh', ['-c', search], { reject: false });
  return stdout.trim() || undefined;
}

/** Whether this machine has one of the programs, or Debian's could be installed. */
export const possible = async (names: string[]): Promise<boolean> =>
  (await onPath(names)) !== undefined ||
  (process.getuid?.() === 0 && (await onPath(['apt-get'])) !== undefined);

/** Path of the first of these programs on this machine; where there is none, Debian's packages are installed. */
export async function programOf(names: string[], packages: string[]): Promise<string> {
  for (let attempt = 1; ; attempt += 1) {
    const found = await onPath(names);
    if (found !== undefined) return found;
    try {
      await installDebian(packages);
    } catch (error) {
      if (attempt === tries)
        throw new Error(`Install ${packages.join(', ')} by hand: a test needs one.`, { cause: error });
      await pause(15_000);
    }
  }
}
