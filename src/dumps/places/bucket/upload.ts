import { createHash, type Hash } from 'node:crypto';
import { Transform, type Readable, type TransformCallback } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { PutObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import { Upload } from '@aws-sdk/lib-storage';
import { Failure } from '../../../domain/failures.ts';
import type { Digest } from '../../digest.ts';

/** Least bytes of a part; a few parts are held in memory at once, and no more of the content. */
const smallest = 8 * 1024 * 1024;
const partsAtOnce = 3;
/** Half of what S3 allows, since a dump may be larger than expected. */
const parts = 5_000;

interface Key {
  Bucket: string;
  Key: string;
}

/**
 * Streams content into a bucket: in parts, each with its SHA-256, which the server computes anew and refuses where
 * it differs; at the end the server's checksum of the whole is compared with ours. Nothing is there under the key
 * before that, and a content that ends with an error leaves nothing.
 *
 * @throws what the content, the network or the server says; Failure BackupFailed where the checksums differ
 */
export async function upload(client: S3Client, at: Key, content: Readable, atMost = 0): Promise<Digest> {
  const partSize = Math.max(smallest, Math.ceil(atMost / parts));
  const measured = new Measured(partSize);
  // An error of the content reaches the upload through `measured`, which then gives up its parts.
  const carried = pipeline(content, measured).catch(() => {});
  const params = { ...at, Body: measured, ChecksumAlgorithm: 'SHA256' as const };
  try {
    const done = await new Upload({ client, params, partSize, queueSize: partsAtOnce }).done();
    assertSame(done.ChecksumSHA256, measured, at);
  } catch (error) {
    // An empty stream is no part at all, and is refused.
    if (!measured.ended || measured.bytes > 0) throw error;
    await client.send(new PutObjectCommand({ ...at, Body: '', ChecksumAlgorithm: 'SHA256' }));
  } finally {
    content.destroy();
    await carried;
  }
  return { bytes: measured.bytes, sha256: measured.sha256 };
}

/** A server that answers without a checksum leaves it to the reading back. */
function assertSame(answered: string | undefined, measured: Measured, { Bucket, Key }: Key): void {
  if (answered === undefined || measured.checksums.includes(answered)) return;
  throw new Failure(
    'BackupFailed',
    `s3://${Bucket}/${Key}: the server's checksum ${answered} is not that of the ${measured.bytes} bytes sent, ${measured.checksums.join(' or ')}.`,
  );
}

/** Takes the SHA-256 of all that goes by, and of each part as the upload cuts them. */
class Measured extends Transform {
  bytes = 0;
  ended = false;
  readonly #whole = createHash('sha256');
  #part: Hash = createHash('sha256');
  #inPart = 0;
  readonly #parts: Buffer[] = [];
  #sha256: Buffer = Buffer.alloc(0);

  constructor(private readonly partSize: number) {
    super();
  }

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    this.#whole.update(chunk);
    this.bytes += chunk.length;
    for (let from = 0; from < chunk.length;) {
      if (this.#inPart === this.partSize) this.#endPart();
      const piece = chunk.subarray(from, from + this.partSize - this.#inPart);
      this.#part.update(piece);
      this.#inPart += piece.length;
      from += piece.length;
    }
    done(null, chunk);
  }

  override _flush(done: TransformCallback): void {
    this.#endPart();
    this.#sha256 = this.#whole.digest();
    this.ended = true;
    done();
  }

  #endPart(): void {
    this.#parts.push(this.#part.digest());
    this.#part = createHash('sha256');
    this.#inPart = 0;
  }

  get sha256(): string {
    return this.#sha256.toString('hex');
  }

  /** As a server may give it: of the whole, or of the parts' checksums with their number. */
  get checksums(): string[] {
    const ofParts = createHash('sha256').update(Buffer.concat(this.#parts)).digest('base64');
    return [this.#sha256.toString('base64'), ofParts, `${ofParts}-${this.#parts.length}`];
  }
}
