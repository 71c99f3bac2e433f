import type { Readable } from 'node:stream';
import {
  DeleteObjectsCommand,
  GetObjectCommand,
  HeadObjectCommand,
  S3Client,
  paginateListObjectsV2,
} from '@aws-sdk/client-s3';
import type { Bucket } from '../../../domain/definition/bucket.ts';
import { Failure } from '../../../domain/failures.ts';
import type { Store } from '../../place.ts';
import { upload } from './upload.ts';

/** Keys that one request deletes. */
const atOnce = 1_000;

/** The store of a bucket. The access key comes from the environment, or from the identity of the service account. */
export function bucketStore({ bucket, region, endpoint, forcePathStyle }: Bucket): Store {
  const client = new S3Client({
    region,
    forcePathStyle,
    ...(endpoint !== undefined && { endpoint }),
    maxAttempts: 4,
    requestHandler: { connectionTimeout: 5_000, socketTimeout: 60_000 },
  });
  const name = `s3://${bucket}`;
  const at = (path: string) => ({ Bucket: bucket, Key: path });
  const keys = async (prefix: string) => {
    const found: string[] = [];
    for await (const { Contents = [] } of paginateListObjectsV2(
      { client },
      { Bucket: bucket, Prefix: prefix },
    ))
      found.push(...Contents.flatMap(({ Key }) => Key ?? []));
    return found;
  };
  const asking = async <T>(doing: string, request: Promise<T>): Promise<T> =>
    request.catch((error: unknown) => {
      throw bucketFailure(`${name}: ${doing}`, error);
    });
  return {
    name,
    put: (path, content, atMost) =>
      upload(client, at(path), content, atMost).catch((error: unknown) => {
        throw bucketFailure(`${name}/${path} could not be written`, error);
      }),
    get: async (path) => {
      const found = await asking(
        `${path} could not be read`,
        client.send(new GetObjectCommand(at(path))).catch(orNothing),
      );
      return found?.Body as Readable | undefined;
    },
    size: async (path) => {
      const found = await asking(
        `${path} could not be looked up`,
        client.send(new HeadObjectCommand(at(path))).catch(orNothing),
      );
      return found?.ContentLength;
    },
    writtenAt: async (path) => {
      const found = await asking(
        `${path} could not be looked up`,
        client.send(new HeadObjectCommand(at(path))).catch(orNothing),
      );
      return found?.LastModified?.toISOString();
    },
    names: async (directory) => {
      const found = await asking(`${directory} could not be listed`, keys(`${directory}/`));
      return found.map((key) => key.slice(directory.length + 1)).toSorted((a, b) => (a < b ? -1 : 1));
    },
    remove: async (path) => {
      const found = await asking(`${path} could not be listed`, keys(`${path}/`));
      const all = [path, ...found].map((Key) => ({ Key }));
      for (let from = 0; from < all.length; from += atOnce) {
        const Delete = { Objects: all.slice(from, from + atOnce), Quiet: true };
        const { Errors = [] } = await asking(
          `${path} could not be deleted`,
          client.send(new DeleteObjectsCommand({ Bucket: bucket, Delete })),
        );
        const [first] = Errors.filter(({ Code }) => Code !== 'NoSuchKey');
        if (first) throw new Failure('BackupFailed', `${name}/${first.Key ?? path}: ${first.Message ?? ''}`);
      }
    },
  };
}

function orNothing(error: unknown): undefined {
  if (error instanceof Error && (error.name === 'NoSuchKey' || error.name === 'NotFound')) return undefined;
  throw error;
}

/** What the server or the network said. It names the access key at most, never its secret. */
function bucketFailure(doing: string, error: unknown): Failure {
  if (error instanceof Failure) return error;
  const said =
    error instanceof Error ? [error.name, error.message].filter(Boolean).join(': ') : String(error);
  return new Failure('BackupFailed', `${doing}: ${said}`, {}, { cause: error });
}
