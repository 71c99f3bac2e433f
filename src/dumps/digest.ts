import { createHash } from 'node:crypto';
import { Transform, type Readable, type TransformCallback } from 'node:stream';
import { pipeline } from 'node:stream/promises';

export interface Digest {
  bytes: number;
  /** 64 hexadecimal digits. */
  sha256: string;
}

/** Lets bytes through, and tells afterwards how many they were and what their SHA-256 is. */
export class Digesting extends Transform {
  readonly #hash = createHash('sha256');
  bytes = 0;

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    this.#hash.update(chunk);
    this.bytes += chunk.length;
    done(null, chunk);
  }

  /** Once, at the end. */
  digest(): Digest {
    return { bytes: this.bytes, sha256: this.#hash.digest('hex') };
  }
}

/** Reads a stream to its end; the bytes go by in pieces. `onBytes` is told once a second how far it is. */
export async function digestOf(content: Readable, onBytes?: (done: number) => void): Promise<Digest> {
  const digesting = new Digesting();
  const progress = setInterval(() => onBytes?.(digesting.bytes), 1_000);
  try {
    await pipeline(content, digesting, async (bytes) => {
      for await (const _ of bytes);
    });
  } finally {
    clearInterval(progress);
  }
  return digesting.digest();
}

/**
 * One SHA-256 for many files: over the lines that `sha256sum` prints for them, in the order of their names. A file
 * that is missing, added, renamed or changed makes another one.
 */
export function digestOfFiles(files: Readonly<Record<string, Digest>>): Digest {
  const named = Object.entries(files).toSorted(([a], [b]) => (a < b ? -1 : 1));
  const hash = createHash('sha256');
  for (const [name, { sha256 }] of named) hash.update(`${sha256}  ${name}\n`);
  return {
    bytes: named.reduce((sum, [, { bytes }]) => sum + bytes, 0),
    sha256: hash.digest('hex'),
  };
}
