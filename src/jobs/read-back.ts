import { stat } from 'node:fs/promises';
import { Failure } from '../runbook/failures.ts';
import { CopyCounter } from './copy-counter.ts';
import type { Holdings } from './holdings.ts';
import { sha256Of } from './manifest.ts';
import { runProgram } from './program.ts';
import { sayProgress } from './protocol.ts';
import { contents, extensionsIn } from './toc.ts';

/**
 * Reads the whole archive back and compares it with what its snapshot held: rows of every table, extensions,
 * large objects. `pg_restore -l` passes truncated and corrupt archives; reading all data catches them.
 *
 * @throws Failure BackupNotProved with every difference
 */
export async function prove(
  pgRestore: string,
  file: string,
  held: Holdings,
  operation: string,
): Promise<{ bytes: number; sha256: string }> {
  const { size } = await stat(file);
  const counter = new CopyCounter();
  const expected = Object.entries(held.counts)
    .filter(([key]) => held.tables.some((table) => table.key === key && !table.partitioned))
    .reduce((sum, [, rows]) => sum + rows, 0);
  const progress = setInterval(
    () => sayProgress({ doing: 'Reading the dump back', done: counter.total, of: expected, unit: 'rows' }),
    1_000,
  );
  try {
    const [{ trouble }, sha256, listed] = await Promise.all([
      runProgram(pgRestore, ['--data-only', '-f', '-', file], {
        operation,
        onOutput: (chunk) => counter.push(chunk),
      }),
      sha256Of(file),
      contents(pgRestore, file).catch((error: unknown) => String(error)),
    ]);
    const faults = [
      trouble,
      typeof listed === 'string' ? listed : undefined,
      counter.complete ? undefined : 'the archive ends within a table',
      ...compare(held, counter, typeof listed === 'string' ? [] : extensionsIn(listed)),
    ].filter((fault) => fault !== undefined);
    if (faults.length > 0) {
      throw new Failure(
        'BackupNotProved',
        `The dump of ${size} bytes does not hold what the database held: ${faults.join('; ')}.`,
      );
    }
    return { bytes: size, sha256 };
  } finally {
    clearInterval(progress);
  }
}

/** Differences between what the snapshot held and what the archive gave, in words. */
export function compare(
  held: Pick<Holdings, 'tables' | 'counts' | 'extensions' | 'largeObjects'>,
  read: Pick<CopyCounter, 'rows' | 'largeObjects'>,
  extensions: string[],
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
  for (const { name } of held.extensions) {
    if (!extensions.includes(name)) faults.push(`extension ${name} is not in the dump`);
  }
  if (read.largeObjects !== held.largeObjects) {
    faults.push(`${read.largeObjects} large objects in the dump, ${held.largeObjects} in the database`);
  }
  return faults;
}
