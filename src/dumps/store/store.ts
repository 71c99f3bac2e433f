import type { Readable } from 'node:stream';
import type { Digest } from '../digest.ts';

/** Where dumps and their manifests lie. A path is `service/bs-1a2b3c4d-1.dump`, with the prefix of a bucket. */
export interface Store {
  /** For messages: `volume`, `s3://bucket`. */
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
  /** The path at which client programs can read and write in place; absent where bytes must be carried. */
  local?(path: string): string;
}
