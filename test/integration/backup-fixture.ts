import { chmodSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { execa } from 'execa';
import { vi } from 'vitest';
import { s3Server, type S3Server } from '../../lab/s3.ts';
import type { BackUpArguments } from '../../src/dumps/manifest.ts';
import type { Place } from '../../src/domain/definition/dump-place.ts';
import { postgresFixture, type PostgresFixture } from './postgres-fixture.ts';

export type Format = 'custom' | 'directory';

/** Where dumps lie in a test: a directory as the mounted volume, or a bucket whose objects are files. */
export interface Storage {
  place: Place;
  /** The directory below which every file of every dump is found on this machine. */
  files: string;
  /** Pid of the server, where there is one. */
  pid?: number | undefined;
  /** Makes it the one that this process reaches, as a Job's environment does. */
  enter: () => void;
  /** Ends what serves it; files on a file system given stay. */
  leave: () => Promise<void>;
  remove: () => Promise<void>;
}

export const combinations = (['volume', 'bucket'] as const).flatMap((kind) =>
  (['custom', 'directory'] as const).map((format) => [kind, format] as const),
);

export async function storage(kind: 'volume' | 'bucket', small?: string): Promise<Storage> {
  if (kind === 'bucket') return inBucket(await s3Server('127.0.0.1', small));
  const files = small ?? mkdtempSync(join(tmpdir(), 'backups-'));
  return {
    place: { kind: 'claim', settings: 'backups' },
    files,
    enter: () => vi.stubEnv('BACKSTEP_BACKUPS', files),
    leave: async () => {},
    remove: async () => rmSync(files, { recursive: true, force: true }),
  };
}

function inBucket(s3: S3Server): Storage {
  const { bucket, endpoint, directory, pid, remove } = s3;
  const enter = () => {
    vi.stubEnv('AWS_ACCESS_KEY_ID', s3.accessKeyId);
    vi.stubEnv('AWS_SECRET_ACCESS_KEY', s3.secretAccessKey);
  };
  const settings = { bucket, region: 'us-east-1', endpoint, forcePathStyle: true };
  const place = { kind: 's3', settings } as const;
  return { place, files: join(directory, bucket), pid, enter, leave: remove, remove };
}

/** A real file system of so many kilobytes, mounted where its path is answered. */
export async function smallFileSystem(
  kilobytes: number,
): Promise<{ path: string; remove: () => Promise<void> }> {
  const path = mkdtempSync(join(tmpdir(), 'small-'));
  await execa('mount', ['-t', 'tmpfs', '-o', `size=${kilobytes}k`, 'tmpfs', path]);
  const remove = async () => {
    await execa('umount', ['--lazy', path], { reject: false });
    rmSync(path, { recursive: true, force: true });
  };
  return { path, remove };
}

/** Every file below a directory, without what a server keeps for itself. */
export const filesIn = (directory: string): string[] =>
  readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(directory.length + 1))
    .filter((path) => !path.startsWith('.'))
    .toSorted();

export const wanted = (
  { operation }: Pick<PostgresFixture, 'operation'>,
  changes: Partial<BackUpArguments> & Pick<BackUpArguments, 'place'>,
): BackUpArguments => ({
  service: 'radar',
  operation,
  try: 1,
  directory: 'radar',
  format: 'custom',
  jobs: 2,
  compression: { method: 'gzip' },
  proof: 'read',
  keepFor: 86_400_000,
  ...changes,
});

export async function withClients(): Promise<PostgresFixture> {
  const fixture = await postgresFixture();
  vi.stubEnv('PATH', `${fixture.lab.postgres.bin}${delimiter}${process.env['PATH']}`);
  return fixture;
}

/**
 * Puts a pg_dump before the real one on PATH, as a shell script; `$REAL` is the real one. Asked for its version it
 * answers as the real one does, unless told otherwise.
 *
 * @returns puts PATH back
 */
export function insteadOfPgDump({ lab }: PostgresFixture, script: string, version?: string): () => void {
  const directory = mkdtempSync(join(tmpdir(), 'bin-'));
  const program = join(directory, 'pg_dump');
  const real = join(lab.postgres.bin, 'pg_dump');
  const says = version === undefined ? `exec ${real} --version` : `{ echo '${version}'; exit; }`;
  writeFileSync(program, `#!/bin/sh\nREAL=${real}\n[ "$1" = --version ] && ${says}\n${script}\n`);
  chmodSync(program, 0o755);
  const before = process.env['PATH'] ?? '';
  vi.stubEnv('PATH', `${directory}${delimiter}${before}`);
  return () => {
    vi.stubEnv('PATH', before);
    rmSync(directory, { recursive: true, force: true });
  };
}
