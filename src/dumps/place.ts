import type { Readable } from 'node:stream';
import type { SecretReference } from '../domain/definition/secret-reference.ts';
import type { PlaceKind, PlaceSettings } from '../domain/definition/dump-place.ts';
import type { PodAccess } from '../kubernetes/backstep-job.ts';
import type { Digest } from './digest.ts';

/**
 * A kind of place where dumps are kept. A kind is its schema in `domain/definition/`, with a line in
 * `dump-place.ts` there; its file in `places/`; and a line in `places/index.ts`.
 */
export interface DumpPlace<K extends PlaceKind> {
  /** What must be in the namespace of the service; `assess` proves that it is. */
  needs(settings: PlaceSettings[K]): Needs;
  /** What the pod of a Job is given so that it reaches the place. */
  access(settings: PlaceSettings[K]): PodAccess;
  /** Opens it, in a pod with that access. */
  open(settings: PlaceSettings[K]): Promise<Store>;
}

/** Names of claims, and references to Secrets. */
export interface Needs {
  claims: string[];
  secrets: SecretReference[];
}

/** Where dumps and their manifests lie. A path is `radar/bs-1a2b3c4d-1.dump`, below the root of the place. */
export interface Store {
  /** For messages: `volume`, `s3://dumps`. */
  readonly name: string;
  /**
   * Takes content in, which is there whole or not at all afterwards: a content that ends with an error leaves
   * nothing.
   *
   * @param atMost bytes to be expected, where that can be said: it makes the parts of an upload large enough
   * @returns what went by on its way
   * @throws Failure BackupFailed; what the content's own error was
   */
  put(path: string, content: Readable, atMost?: number): Promise<Digest>;
  /** Reads it from the beginning; undefined where there is nothing under the path. */
  get(path: string): Promise<Readable | undefined>;
  /** Bytes of what lies under the path itself; undefined where there is nothing. */
  size(path: string): Promise<number | undefined>;
  /** When it was last written, ISO 8601; undefined where there is nothing, or nobody knows. */
  writtenAt(path: string): Promise<string | undefined>;
  /** Names of the files in a directory, in order; empty where there is none. */
  names(directory: string): Promise<string[]>;
  /** Deletes a file, or a directory with its files; what is gone already is fine. */
  remove(path: string): Promise<void>;
  /** Where client programs can read and write in place; absent where bytes must be carried. */
  local?: LocalFiles;
}

export interface LocalFiles {
  /** Where a path of the store lies. */
  path(path: string): string;
  /**
   * Gives a finished file, or a directory of files, its name, and waits until all of it is on the disk.
   *
   * @param partial its path on the machine until then
   * @param path its path in the store
   * @throws Failure BackupFailed
   */
  settle(partial: string, path: string): Promise<void>;
}
