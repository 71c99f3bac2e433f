import { existsSync } from 'node:fs';
import { copyFile, mkdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { layer } from './archive.ts';
import type { Layer } from './archive.ts';
import { command } from './command.ts';
import { LabError } from './lab-error.ts';

/** The Debian that images are made of, whatever Debian or Ubuntu this machine is, and its Python. */
const suite = 'bookworm';
export const imagePython = '3.11';

/**
 * Compiles Python ahead of time. A layer has fixed times, so what is compared with times never fits, and every
 * pod would compile all it imports: importing Alembic took 1.04 s of processor time, compiled 0.28 s.
 */
export const compileAll = ['-m', 'compileall', '-q', '-f', '--invalidation-mode', 'unchecked-hash'];

const packages = {
  python: ['python3', 'ca-certificates', 'netbase', 'procps'],
  node: ['libstdc++6', 'libatomic1', 'ca-certificates', 'netbase', 'procps'],
};

export type Base = keyof typeof packages;

/** The root file system under every image of this base: made once, 14 s, 150 MB. */
export async function rootFileSystem(base: Base): Promise<Layer> {
  const node = base === 'node' ? `-${process.versions.node}` : '';
  return layer(`root-${base}${node}-${suite}-${process.arch}-2`, async (directory) => {
    await command('mmdebstrap', [
      '--quiet',
      '--mode=root',
      '--variant=essential',
      `--include=${packages[base].join(',')}`,
      ...['doc', 'man', 'locale', 'info'].map((name) => `--dpkgopt=path-exclude=/usr/share/${name}/*`),
      // apt runs its downloads as a user of its own, who may not enter root's home, where the cache is.
      '--aptopt=APT::Sandbox::User "root"',
      suite,
      directory,
    ]);
    if (base === 'node') await addNode(directory);
    else await command('chroot', [directory, 'python3', ...compileAll, `/usr/lib/python${imagePython}`]);
  });
}

/** This machine's own Node: the release that the project was checked with here. */
async function addNode(directory: string): Promise<void> {
  const libraries = join(
    directory,
    'usr',
    'lib',
    process.arch === 'x64' ? 'x86_64-linux-gnu' : 'aarch64-linux-gnu',
  );
  await mkdir(libraries, { recursive: true });
  await copyFile(process.execPath, join(directory, 'usr', 'local', 'bin', 'node'));
  for (const line of (await command('ldd', [process.execPath])).split('\n')) {
    const path = / => (\/\S+)/.exec(line)?.[1];
    if (
      path === undefined ||
      existsSync(join(directory, path)) ||
      existsSync(join(libraries, basename(path)))
    )
      continue;
    await copyFile(path, join(libraries, basename(path)));
  }
  await command('chroot', [directory, '/usr/local/bin/node', '--version']).catch((error: Error) => {
    throw new LabError(
      `This machine's Node does not run on Debian ${suite}; install Node from nodejs.org. ${error.message}`,
    );
  });
}
