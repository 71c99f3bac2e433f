import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import type { Catalog } from '../postgres/catalog.ts';
import type { Fingerprint } from '../postgres/fingerprint.ts';
import { whereIs, type Backup, type Proof } from '../domain/backup.ts';
import { Failure } from '../domain/failures.ts';
import type { ServiceDefinition } from '../domain/definition/service.ts';
import { placeName, placeNamed, placeOf, type Place } from '../domain/definition/dump-place.ts';
import type { Digest } from './digest.ts';
import type { Store } from './place.ts';

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
  /** The files of a dump in directory format. */
  files?: Record<string, Digest>;
  /** Of the contents at the snapshot, where the backup was to be restored as a proof. */
  fingerprint?: Fingerprint;
  backup: Backup;
  catalog: Catalog;
}

/** What the programs in Backstep's own Jobs are told, as JSON in BACKSTEP_JOB. */
export interface BackUpArguments {
  service: string;
  operation: string;
  try: number;
  place: Place;
  /** Where the service's files lie in it. */
  directory: string;
  format: 'custom' | 'directory';
  jobs: number;
  compression: ServiceDefinition['backup']['compression'];
  /** How far it will be proved: a restore later on needs more of the snapshot. */
  proof: Proof;
  /** Milliseconds. */
  keepFor: number;
}

export interface CheckArguments {
  operation: string;
  place: Place;
  file: string;
  format: 'custom' | 'directory';
  sha256: string;
}

export interface RestoreArguments extends CheckArguments {
  manifest: string;
  /** Tables filled at once. */
  jobs: number;
}

export interface RestoreResult {
  counts: Record<string, number>;
  /** What differs from the schema at the backup; empty where all is equal. */
  differences: string[];
  seconds: number;
}

/**
 * What a Job is told that restores a backup.
 *
 * @throws Failure BackupNotProved where the definition knows no way there
 */
export function restoreArguments(
  { backup: definition }: Pick<ServiceDefinition, 'backup'>,
  operation: string,
  backup: Backup,
): RestoreArguments {
  const { file, format, sha256, manifest } = backup;
  const place = placeNamed(backup.store, definition);
  if (place === undefined)
    throw new Failure(
      'BackupNotProved',
      `${whereIs(backup)} is not where the definition keeps dumps: ${placeName(placeOf(definition))}.`,
    );
  const { jobs } = definition;
  return { operation, place, file, format, sha256, manifest, jobs };
}

/** @returns undefined where there is none */
export async function readManifest(store: Store, path: string): Promise<Manifest | undefined> {
  const content = await store.get(path);
  return content === undefined ? undefined : (JSON.parse(await text(content)) as Manifest);
}

/** Writes it so that it is there whole or not at all, after a power cut too. */
export async function writeManifest(store: Store, manifest: Manifest): Promise<void> {
  const content = Buffer.from(`${JSON.stringify(manifest, undefined, 2)}\n`);
  await store.put(manifest.backup.manifest, Readable.from([content]));
}
