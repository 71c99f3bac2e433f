import { createReadStream, createWriteStream } from 'node:fs';
import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Backup } from '../domain/backup.ts';
import { Failure } from '../domain/failures.ts';
import { Digesting, digestOf, digestOfFiles, type Digest } from './digest.ts';
import { runProgram, type ProgramEnd, type ProgramOptions } from './program.ts';
import { sayProgress } from '../kubernetes/job-protocol.ts';
import type { Store } from './place.ts';

/** A dump as pg_restore takes it: a file or directory in place, or (custom format only) bytes that go by. */
export type Archive = { path: string } | { open: () => Promise<Readable> };

/** A dump as the manifest and the history name it. */
export type StoredDump = Pick<Backup, 'file' | 'format'>;

/** Runs pg_restore over an archive, wherever it lies. */
export async function pgRestoreOver(
  pgRestore: string,
  args: string[],
  archive: Archive,
  options: ProgramOptions,
): Promise<ProgramEnd> {
  if ('path' in archive) return runProgram(pgRestore, [...args, archive.path], options);
  return runProgram(pgRestore, ['--format=custom', ...args], { ...options, input: await archive.open() });
}

/** SHA-256 of a file, or of a directory by its files, read where they lie. */
export async function digestOfPath(
  path: string,
): Promise<{ digest: Digest; files?: Record<string, Digest> }> {
  const names = await readdir(path).catch((error: unknown) => {
    if (error instanceof Error && 'code' in error && error.code === 'ENOTDIR') return undefined;
    throw error;
  });
  if (names === undefined)
    return { digest: await digestOf(createReadStream(path, { highWaterMark: 1024 * 1024 })) };
  const files: Record<string, Digest> = {};
  for (const name of names)
    files[name] = await digestOf(createReadStream(join(path, name), { highWaterMark: 1024 * 1024 }));
  return { digest: digestOfFiles(files), files };
}

/**
 * SHA-256 of a dump, read in full where it lies.
 *
 * @returns undefined where there is none
 */
export async function digestInStore(
  store: Store,
  { file, format }: StoredDump,
  onBytes: (done: number) => void = () => {},
): Promise<Digest | undefined> {
  if (format !== 'directory') {
    const content = await store.get(file);
    return content === undefined ? undefined : digestOf(content, onBytes);
  }
  const files: Record<string, Digest> = {};
  let before = 0;
  for (const name of await store.names(file)) {
    const content = await store.get(`${file}/${name}`);
    if (content === undefined) return undefined;
    files[name] = await digestOf(content, (done) => onBytes(before + done));
    before += files[name].bytes;
  }
  return Object.keys(files).length === 0 ? undefined : digestOfFiles(files);
}

/**
 * Hands a dump to `use` as pg_restore takes it. A directory out of a bucket is fetched first, for which the node
 * needs as much room as the dump has bytes; everything else is read where it lies.
 */
export async function withArchive<T>(
  store: Store,
  dump: StoredDump,
  use: (archive: Archive) => Promise<T>,
): Promise<T> {
  const path = store.local?.path(dump.file);
  if (path !== undefined) return use({ path });
  if (dump.format !== 'directory') return use({ open: () => opened(store, dump.file) });
  return withScratch(async (scratch) => {
    const into = join(scratch, basename(dump.file));
    await mkdir(into);
    for (const name of await store.names(dump.file)) {
      const content = await opened(store, `${dump.file}/${name}`);
      const going = new Digesting();
      await pipeline(content, going, createWriteStream(join(into, name), { mode: 0o600 }));
      sayProgress({ doing: `Fetching the dump: ${name}`, done: going.bytes, unit: 'bytes' });
    }
    return use({ path: into });
  });
}

async function opened(store: Store, path: string): Promise<Readable> {
  const content = await store.get(path);
  if (content === undefined)
    throw new Failure('BackupNotProved', `${path} is not in ${store.name} any more.`);
  return content;
}

/** A directory of one's own on the node, gone afterwards. */
export async function withScratch<T>(use: (directory: string) => Promise<T>): Promise<T> {
  const directory = await mkdtemp(join(tmpdir(), 'backstep-'));
  try {
    return await use(directory);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}
