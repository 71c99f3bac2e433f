import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** One line of an archive's table of contents, as `pg_restore -l` prints it. */
export interface TocEntry {
  line: string;
  /** `EXTENSION - vector`, `TABLE DATA public papers radar_app`, … */
  what: string;
}

/** Reads the table of contents of an archive. */
export async function contents(pgRestore: string, file: string): Promise<TocEntry[]> {
  const { stdout } = await run(pgRestore, ['-l', file], { maxBuffer: 256 * 1024 * 1024 });
  return parseContents(stdout);
}

export function parseContents(listing: string): TocEntry[] {
  return listing.split('\n').flatMap((line) => {
    const what = /^\d+; \d+ \d+ (.*)$/.exec(line)?.[1];
    return what === undefined ? [] : [{ line, what }];
  });
}

/** The extensions that an archive creates. */
export const extensionsIn = (entries: TocEntry[]): string[] =>
  entries.flatMap(({ what }) => /^EXTENSION - (.+?) *$/.exec(what)?.[1] ?? []).toSorted();

/**
 * The entries that a restore runs: without extensions and their comments, which only their owner may make, and
 * without the schemas that were made for them beforehand.
 */
export function restoreList(entries: TocEntry[], schemasMade: readonly string[]): string {
  const skipped = (what: string) =>
    /^(EXTENSION - |COMMENT - EXTENSION )/.test(what) ||
    schemasMade.some((schema) => what.startsWith(`SCHEMA - ${schema} `));
  return entries
    .filter(({ what }) => !skipped(what))
    .map(({ line }) => `${line}\n`)
    .join('');
}
