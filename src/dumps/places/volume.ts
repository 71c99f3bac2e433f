import { createReadStream, createWriteStream } from 'node:fs';
import { mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { hostname } from 'node:os';
import { dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { Failure } from '../../domain/failures.ts';
import { Digesting } from '../digest.ts';
import type { DumpPlace, Store } from '../place.ts';

/** Where the claim is mounted in the pods of Jobs. */
const mounted = '/backups';
const volumeName = 'backups';

/** A PersistentVolumeClaim in the namespace of the service; client programs read and write on it in place. */
export const volume: DumpPlace<'claim'> = {
  needs: (claim) => ({ claims: [claim], secrets: [] }),
  access: (claim) => ({
    env: [],
    volumes: [{ name: volumeName, persistentVolumeClaim: { claimName: claim } }],
    mounts: [{ name: volumeName, mountPath: mounted }],
  }),
  open: async () => store,
};

/** A path within the claim as a path in the container. */
const onVolume = (path: string): string => join(process.env['BACKSTEP_BACKUPS'] ?? mounted, path);

const store: Store = {
  name: 'volume',
  local: {
    path: onVolume,
    settle: (partial, path) =>
      settle(partial, onVolume(path)).catch((error: unknown) => {
        throw notWritten(path, error);
      }),
  },
  put: async (path, content) => {
    const final = onVolume(path);
    const partial = `${final}.${hostname()}.partial`;
    const digesting = new Digesting();
    try {
      await mkdir(dirname(final), { recursive: true });
      await pipeline(content, digesting, createWriteStream(partial, { mode: 0o600 }));
      await settle(partial, final);
      return digesting.digest();
    } catch (error) {
      await rm(partial, { force: true }).catch(() => {});
      throw notWritten(path, error);
    }
  },
  get: async (path) =>
    (await sizeOf(path)) === undefined
      ? undefined
      : createReadStream(onVolume(path), { highWaterMark: 1024 * 1024 }),
  size: sizeOf,
  writtenAt: async (path) => {
    const found = await stat(onVolume(path)).catch(orNothing(undefined));
    return found?.mtime.toISOString();
  },
  names: async (directory) => {
    const entries = await readdir(onVolume(directory)).catch(orNothing([]));
    return entries.toSorted((a, b) => (a < b ? -1 : 1));
  },
  remove: (path) => rm(onVolume(path), { recursive: true, force: true }),
};

async function sizeOf(path: string): Promise<number | undefined> {
  const found = await stat(onVolume(path)).catch(orNothing(undefined));
  return found?.isFile() === true ? found.size : undefined;
}

/**
 * Gives a finished file, or a directory of files, its name, and waits until all of it is on the disk. A volume that
 * is full or gone may say so only here.
 */
async function settle(partial: string, final: string): Promise<void> {
  const directory = await stat(partial).then((found) => found.isDirectory());
  for (const name of directory ? await readdir(partial) : []) await synced(join(partial, name));
  await synced(partial);
  await rename(partial, final);
  await synced(dirname(final));
}

async function synced(path: string): Promise<void> {
  const file = await open(path, 'r');
  try {
    await file.sync();
  } finally {
    await file.close();
  }
}

const orNothing =
  <T>(nothing: T) =>
  (error: unknown): T => {
    if (codeOf(error) === 'ENOENT' || codeOf(error) === 'ENOTDIR') return nothing;
    throw error;
  };

const codeOf = (error: unknown): unknown =>
  error instanceof Error && 'code' in error ? error.code : undefined;

/** What the volume refused, as a failure that names the path. */
const notWritten = (path: string, error: unknown): Failure =>
  error instanceof Failure
    ? error
    : new Failure(
        'BackupFailed',
        `${path} could not be written on the backup volume: ${error instanceof Error ? error.message : String(error)}`,
      );
