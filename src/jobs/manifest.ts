import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { open, readFile, rename } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Catalog } from '../postgres/catalog.ts';
import type { Backup } from '../runbook/deeds.ts';

/** Lies beside a dump as JSON: what the dump holds, how that was proved, and the schema it must give back. */
export interface Manifest {
  version: 1;
  operation: string;
  service: string;
  database: string;
  serverMajor: number;
  databaseBytes: number;
  largeObjects: number;
  /** Schemas that belong to extensions and are made before a restore. */
  extensionSchemas: string[];
  backup: Backup;
  catalog: Catalog;
}

/** What the programs in Backstep's own Jobs are told, as JSON in BACKSTEP_JOB. */
export interface BackUpArguments {
  service: string;
  operation: string;
  try: number;
  claim: string;
}
export interface CheckArguments {
  operation: string;
  file: string;
  sha256: string;
}
export interface RestoreArguments extends CheckArguments {
  manifest: string;
  counts: Record<string, number>;
}
export interface RestoreResult {
  counts: Record<string, number>;
  /** What differs from the schema at the backup; empty where all is equal. */
  differences: string[];
  seconds: number;
}

/** Where the claim is mounted in Backstep's own Jobs. */
export const volume = '/backups';

/** A path within the claim as a path in the container. */
export const onVolume = (path: string): string => join(process.env['BACKSTEP_BACKUPS'] ?? volume, path);

export async function readManifest(path: string): Promise<Manifest | undefined> {
  try {
    return JSON.parse(await readFile(onVolume(path), 'utf8')) as Manifest;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}

/** Writes it so that it is there whole or not at all, after a power cut too. */
export async function writeManifest(path: string, manifest: Manifest): Promise<void> {
  const partial = onVolume(`${path}.partial`);
  const file = await open(partial, 'w', 0o600);
  try {
    await file.writeFile(`${JSON.stringify(manifest, undefined, 2)}\n`);
    await file.sync();
  } finally {
    await file.close();
  }
  await settle(partial, onVolume(path));
}

/** Gives a finished file its name, and waits until file and name are on the disk. */
export async function settle(partial: string, final: string): Promise<void> {
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

/** SHA-256 of a file, 64 hexadecimal digits; the file goes by in pieces. */
export async function sha256Of(path: string, onBytes?: (done: number) => void): Promise<string> {
  const hash = createHash('sha256');
  let done = 0;
  for await (const chunk of createReadStream(path, { highWaterMark: 1024 * 1024 })) {
    const piece = chunk as Buffer;
    hash.update(piece);
    done += piece.length;
    onBytes?.(done);
  }
  return hash.digest('hex');
}
