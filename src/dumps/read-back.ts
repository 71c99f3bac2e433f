import { PassThrough } from 'node:stream';
import { finished } from 'node:stream/promises';
import { Failure } from '../domain/failures.ts';
import { digestOfPath, pgRestoreOver, type Archive } from './archive.ts';
import { CopyCounter } from './copy-counter.ts';
import { Digesting, type Digest } from './digest.ts';
import type { Holdings } from './holdings.ts';
import type { ProgramEnd } from './program.ts';
import { sayProgress } from '../kubernetes/job-protocol.ts';
import { contents, extensionsIn, type TocEntry } from './toc.ts';

/** What was read back: of a file, or of a directory with each of its files. */
export interface Read {
  digest: Digest;
  files?: Record<string, Digest>;
}

/**
 * Reads the whole archive back and compares it with what its snapshot held: rows of every table, extensions, large
 * objects, where sequences stand, and by its table of contents every object of users, indexes and keys among them. `pg_restore -l` passes truncated and corrupt archives; reading all data catches them.
 *
 * @throws Failure BackupNotProved with every difference
 */
export async function prove(
  pgRestore: string,
  archive: Archive,
  held: Holdings,
  operation: string,
): Promise<Read> {
  const counter = new CopyCounter();
  const expected = Object.entries(held.counts)
    .filter(([key]) => held.tables.some((table) => table.key === key && !table.partitioned))
    .reduce((sum, [, rows]) => sum + rows, 0);
  const progress = setInterval(
    () => sayProgress({ doing: 'Reading the dump back', done: counter.total, of: expected, unit: 'rows' }),
    1_000,
  );
  try {
    const [{ trouble, read }, listed] = await Promise.all([
      readAll(pgRestore, archive, counter, operation),
      contents(pgRestore, archive, operation).catch((error: unknown) =>
        error instanceof Error ? error.message : String(error),
      ),
    ]);
    const faults = [
      trouble,
      typeof listed === 'string' ? listed : undefined,
      counter.complete ? undefined : 'the archive ends within a table',
      ...compare(held, counter, typeof listed === 'string' ? [] : listed),
    ].filter((fault) => fault !== undefined);
    if (faults.length > 0) {
      throw new Failure(
        'BackupNotProved',
        `The dump of ${read.digest.bytes} bytes does not hold what the database held: ${faults.slice(0, 20).join('; ')}.`,
      );
    }
    return read;
  } finally {
    clearInterval(progress);
  }
}

/** Through pg_restore into the counter, and through SHA-256: in place twice, out of a bucket in one pass. */
async function readAll(
  pgRestore: string,
  archive: Archive,
  counter: CopyCounter,
  operation: string,
): Promise<ProgramEnd & { read: Read }> {
  const run = (from: Archive) =>
    pgRestoreOver(pgRestore, ['--data-only', '-f', '-'], from, {
      operation,
      onOutput: (chunk) => counter.push(chunk),
    });
  if ('path' in archive) {
    const [end, read] = await Promise.all([run(archive), digestOfPath(archive.path)]);
    return { ...end, read };
  }
  const digesting = new Digesting();
  const source = await archive.open();
  source.on('error', (error) => digesting.destroy(error));
  const content = source.pipe(digesting).pipe(new PassThrough());
  digesting.on('error', (error) => content.destroy(error));
  const end = await run({ open: async () => content });
  // It need not read to the very end; what is left counts for the SHA-256 all the same.
  digesting.unpipe(content);
  digesting.resume();
  const broken = await finished(digesting).catch((error: unknown) =>
    error instanceof Error ? error.message : String(error),
  );
  return {
    ...end,
    ...(broken !== undefined && { trouble: end.trouble ?? `reading broke off: ${broken}` }),
    read: { digest: digesting.digest() },
  };
}

/** Differences between what the snapshot held and what the archive gave, in words. */
export function compare(
  held: Pick<Holdings, 'tables' | 'counts' | 'extensions' | 'largeObjects' | 'sequences' | 'objects'>,
  read: Pick<CopyCounter, 'rows' | 'largeObjects' | 'sequences'>,
  listed: TocEntry[],
): string[] {
  const faults: string[] = [];
  for (const { key, schema, name, partitioned } of held.tables) {
    if (partitioned) continue;
    const inDump = read.rows.get(`${schema}.${name}`);
    const inDatabase = held.counts[key];
    if (inDump === undefined) faults.push(`table ${key} is not in the dump`);
    else if (inDump !== inDatabase)
      faults.push(`table ${key}: ${inDump} rows in the dump, ${inDatabase} in the database`);
  }
  const extensions = extensionsIn(listed);
  for (const { name } of held.extensions) {
    if (!extensions.includes(name)) faults.push(`extension ${name} is not in the dump`);
  }
  if (read.largeObjects !== held.largeObjects) {
    faults.push(`${read.largeObjects} large objects in the dump, ${held.largeObjects} in the database`);
  }
  for (const [sequence, stands] of Object.entries(held.sequences)) {
    const set = read.sequences.get(sequence);
    if (set !== stands)
      faults.push(
        `${sequence}: ${set === undefined ? 'its value is not' : set} in the dump, ${stands} in the database`,
      );
  }
  const there = new Set(listed.map(({ oids }) => oids));
  for (const { oids, what } of held.objects) if (!there.has(oids)) faults.push(`${what} is not in the dump`);
  return faults;
}
