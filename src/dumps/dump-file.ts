import { PassThrough, type Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { Failure } from '../domain/failures.ts';
import type { DumpFormat } from '../domain/plan/source.ts';
import { pgRestoreOver, withArchive } from './archive.ts';
import { newestClient } from './clients.ts';
import { Digesting, type Digest } from './digest.ts';
import type { SqlDump } from './sql-dump.ts';
import type { Store } from './place.ts';

/** A dump that somebody put on the store. */
export interface DumpFile {
  store: Store;
  /** Path in the store. */
  path: string;
  operation: string;
}

/**
 * How a file is written, by its first bytes: what it is called proves nothing.
 *
 * @throws Failure SourceUnusable where there is none, or it is neither SQL nor of pg_dump's custom format
 */
export async function formatOf({ store, path }: DumpFile): Promise<DumpFormat> {
  const head = await headOf(await opened({ store, path }));
  if (head.length === 0) throw new Failure('SourceUnusable', `File ${path} on the ${store.name} is empty.`);
  if (head.subarray(0, 5).toString('latin1') === 'PGDMP') return 'custom';
  if (head[0] === 0x1f && head[1] === 0x8b) return 'plain-gzip';
  if (head.subarray(0, 2).toString('latin1') === '--') return 'plain';
  throw new Failure(
    'SourceUnusable',
    `File ${path} is no dump of pg_dump in plain SQL, with or without gzip, and none in custom format.`,
  );
}

async function opened({ store, path }: Pick<DumpFile, 'store' | 'path'>): Promise<Readable> {
  const content = await store.get(path);
  if (content === undefined)
    throw new Failure('SourceUnusable', `There is no file ${path} on the ${store.name}.`);
  return content;
}

async function headOf(content: Readable): Promise<Buffer> {
  const chunks: Buffer[] = [];
  // A stream may begin with fewer bytes than a signature has.
  for await (const chunk of content) {
    chunks.push(chunk as Buffer);
    if (chunks.reduce((sum, { length }) => sum + length, 0) >= 16) break;
  }
  return Buffer.concat(chunks);
}

/**
 * Lets the whole of a dump go by as SQL. An archive in custom format is turned into SQL by pg_restore, so that all
 * dumps are read, and restored, in one way.
 *
 * @returns bytes and SHA-256 of the file as it lies there
 * @throws Failure SourceUnusable naming what is wrong with it; what `sink` throws
 */
export async function readThrough(
  dump: DumpFile & { format: DumpFormat; into: SqlDump },
  onBytes: (done: number) => void,
  sink: (chunk: Buffer) => Promise<void> | void = () => {},
): Promise<Digest> {
  const { path, into } = dump;
  const take = async (sql: AsyncIterable<Buffer>) => {
    for await (const chunk of sql) {
      into.push(chunk);
      await sink(chunk);
    }
  };
  try {
    const digest = dump.format === 'custom' ? await archive(dump, take) : await text(dump, onBytes, take);
    if (into.broken !== undefined) throw new Failure('SourceUnusable', `File ${path}: ${into.broken}.`);
    return digest;
  } catch (error) {
    if (error instanceof Failure) throw error;
    throw new Failure('SourceUnusable', `File ${path} cannot be read to its end: ${messageOf(error)}.`);
  }
}

type Take = (sql: AsyncIterable<Buffer>) => Promise<void>;

async function text(
  dump: DumpFile & { format: DumpFormat },
  onBytes: (done: number) => void,
  take: Take,
): Promise<Digest> {
  const digesting = new Digesting();
  digesting.on('data', () => onBytes(digesting.bytes));
  const content = await opened(dump);
  if (dump.format === 'plain-gzip') await pipeline(content, digesting, createGunzip(), take);
  else await pipeline(content, digesting, take);
  return digesting.digest();
}

/** Any pg_restore reads archives of older ones, so the newest of the image it is. */
async function archive({ store, path, operation }: DumpFile, take: Take): Promise<Digest> {
  const digesting = new Digesting();
  await pipeline(await opened({ store, path }), digesting, async (bytes) => {
    for await (const _ of bytes) continue;
  });
  const pgRestore = await newestClient('pg_restore', 'SourceUnusable');
  const sql = new PassThrough();
  await withArchive(store, { file: path, format: 'custom' }, async (archive) => {
    const taken = take(sql);
    taken.catch((error: unknown) => sql.destroy(error instanceof Error ? error : new Error(String(error))));
    const { trouble } = await pgRestoreOver(pgRestore.path, ['-f', '-'], archive, { operation, output: sql });
    sql.end();
    await taken;
    if (trouble !== undefined) throw new Failure('SourceUnusable', `File ${path}: ${trouble}.`);
  });
  return digesting.digest();
}

/** zlib tells a cut stream by `unexpected end of file`. */
const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
