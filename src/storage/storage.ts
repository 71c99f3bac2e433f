import { createHash, randomUUID } from 'node:crypto';
import { mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import { dirname, join, resolve, sep } from 'node:path';
import { Failure } from '../domain/failures.ts';

/** Where reports and evidence live. A ref is a relative path such as `bs-1a2b3c4d/report.md`. */
export interface Storage {
  /** Replaces the whole content at once: a reader sees the old one or the new one. Throws StorageFailed. */
  put(ref: string, content: string | Uint8Array): Promise<{ ref: string; sha256: string }>;
  /** Throws StorageFailed where nothing is kept under the ref. */
  get(ref: string): Promise<Uint8Array>;
  /** Where a person finds it. */
  pathOf(ref: string): string;
}

/** Storage in a directory, which is created at the first `put`. Files are readable by owner and group only. */
export function directory(path: string): Storage {
  const root = resolve(path);
  const pathOf = (ref: string) => join(root, inside(ref));
  return {
    pathOf,
    put: async (ref, content) => {
      const target = pathOf(ref);
      const temporary = `${target}.${randomUUID()}`;
      try {
        await mkdir(dirname(target), { recursive: true, mode: 0o750 });
        const file = await open(temporary, 'wx', 0o640);
        try {
          await file.writeFile(content);
          await file.sync();
        } finally {
          await file.close();
        }
        await rename(temporary, target);
      } catch (error) {
        await rm(temporary, { force: true }).catch(() => undefined);
        throw storageFailure(`${target} could not be written`, error);
      }
      return { ref, sha256: createHash('sha256').update(content).digest('hex') };
    },
    get: async (ref) => {
      try {
        return await readFile(pathOf(ref));
      } catch (error) {
        throw error instanceof Failure ? error : storageFailure(`${pathOf(ref)} could not be read`, error);
      }
    },
  };
}

/** A ref may not lead out of the directory, nor name a hidden file. */
function inside(ref: string): string {
  const parts = ref.split('/');
  if (ref.includes('\0') || parts.some((part) => part === '' || part.startsWith('.'))) {
    throw new Failure('StorageFailed', `"${ref}" is no ref: it must be a relative path without "." or ".."`);
  }
  return parts.join(sep);
}

const storageFailure = (message: string, cause: unknown) =>
  new Failure(
    'StorageFailed',
    `${message}: ${(cause as NodeJS.ErrnoException).code ?? String(cause)}`,
    {},
    { cause },
  );
