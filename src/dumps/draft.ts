import { createReadStream } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import { hostname } from 'node:os';
import { dirname, join } from 'node:path';
import { PassThrough, type Writable } from 'node:stream';
import { Failure } from '../domain/failures.ts';
import type { Archive, StoredDump } from './archive.ts';
import { digestOf, type Digest } from './digest.ts';
import type { Read } from './read-back.ts';
import type { LocalFiles, Store } from './place.ts';

/** Runs pg_dump with its target: a path among its arguments, or what takes its output. */
export type Dump = (target: { path: string } | { output: Writable }) => Promise<void>;

/** A dump that is being made. Nobody takes it for a backup before its manifest lies beside it. */
export interface Draft {
  write(dump: Dump): Promise<void>;
  /** What was written, to be proved. */
  archive: Archive;
  /** Gives it its place and name; `read` is what was proved. */
  keep(read: Read, manifest: () => Promise<void>): Promise<void>;
  discard(): Promise<void>;
}

interface DraftOptions extends StoredDump {
  store: Store;
  /** A directory on the node, for what cannot be streamed. */
  scratch: string;
  /** Bytes to be expected at most. */
  atMost: number;
}

/**
 * Custom format goes to a volume by pg_dump itself, which then also writes where each table begins, so that a
 * restore is parallel; and into a bucket as a stream. Directory format is written by several processes into
 * files, so into a bucket it goes as those files, by way of the node: each is checked and fetched on its own, and a
 * restore needs no second copy to unpack a tar from.
 */
export function draftOf(options: DraftOptions): Draft {
  if (options.store.local !== undefined) return inPlace(options.store.local, options.file);
  return options.format === 'directory' ? asFiles(options) : asStream(options);
}

function inPlace(files: LocalFiles, file: string): Draft {
  const final = files.path(file);
  const partial = `${final.replace(/\.dump$/, '')}.${hostname()}.partial`;
  return {
    archive: { path: partial },
    write: async (dump) => {
      await mkdir(dirname(partial), { recursive: true }).catch((error: unknown) => {
        throw new Failure('BackupFailed', `The backup volume is not writable: ${String(error)}`);
      });
      await rm(partial, { recursive: true, force: true });
      await dump({ path: partial });
    },
    keep: async (_read, manifest) => {
      // The manifest first: a dump under its final name then always has one.
      await manifest();
      await rm(final, { recursive: true, force: true });
      await files.settle(partial, file);
    },
    discard: () => rm(partial, { recursive: true, force: true }),
  };
}

function asStream({ store, file, atMost }: DraftOptions): Draft {
  let sent: Digest | undefined;
  const open = async () => {
    const content = await store.get(file);
    if (content === undefined) throw new Failure('BackupNotProved', `${file} is not in ${store.name}.`);
    return content;
  };
  return {
    archive: { open },
    write: async (dump) => {
      const output = new PassThrough();
      // Ended only by a pg_dump that ended well: what was cut short never becomes an object.
      const dumping = dump({ output }).then(
        () => void output.end(),
        (error: unknown) => {
          output.destroy(error instanceof Error ? error : new Error(String(error)));
          throw error;
        },
      );
      const [, digest] = await Promise.all([dumping, store.put(file, output, atMost)]);
      sent = digest;
    },
    keep: async ({ digest }, manifest) => {
      if (sent !== undefined) assertSame(store, file, sent, digest);
      await manifest();
    },
    discard: () => store.remove(file),
  };
}

function asFiles({ store, file, scratch }: DraftOptions): Draft {
  const path = join(scratch, 'dump');
  return {
    archive: { path },
    write: (dump) => dump({ path }),
    keep: async ({ files = {} }, manifest) => {
      for (const [name, read] of Object.entries(files)) {
        const sent = await store.put(`${file}/${name}`, createReadStream(join(path, name)), read.bytes);
        assertSame(store, `${file}/${name}`, read, sent);
      }
      // What was proved lies on the node; in the bucket is the same, byte for byte.
      for (const [name, read] of Object.entries(files)) {
        const content = await store.get(`${file}/${name}`);
        const found = content === undefined ? { bytes: 0, sha256: 'none' } : await digestOf(content);
        assertSame(store, `${file}/${name}`, read, found);
      }
      await manifest();
    },
    discard: () => store.remove(file),
  };
}

function assertSame({ name }: Store, path: string, wanted: Digest, found: Digest): void {
  if (wanted.sha256 === found.sha256) return;
  throw new Failure(
    'BackupNotProved',
    `${path} in ${name} is not what was dumped: ${found.bytes} bytes with SHA-256 ${found.sha256}, and ${wanted.bytes} with ${wanted.sha256} were sent.`,
  );
}
