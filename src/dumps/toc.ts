import { pgRestoreOver, type Archive } from './archive.ts';
import { Failure } from '../domain/failures.ts';

/** One line of an archive's table of contents, as `pg_restore -l` prints it. */
export interface TocEntry {
  line: string;
  /** OID of the catalog and of the object; zeros where it is none by itself, as a comment. */
  oids: string;
  /** `EXTENSION - vector`, `TABLE DATA public papers radar_app`, … */
  what: string;
}

/**
 * Reads the table of contents of an archive.
 *
 * @throws Failure BackupNotProved where it cannot be read
 */
export async function contents(pgRestore: string, archive: Archive, operation: string): Promise<TocEntry[]> {
  const chunks: Buffer[] = [];
  const { trouble } = await pgRestoreOver(pgRestore, ['-l'], archive, {
    operation,
    onOutput: (chunk) => chunks.push(chunk),
  });
  if (trouble !== undefined) throw new Failure('BackupNotProved', trouble);
  return parseContents(Buffer.concat(chunks).toString('utf8'));
}

export function parseContents(listing: string): TocEntry[] {
  return listing.split('\n').flatMap((line) => {
    const [, oids, what] = /^\d+; (\d+ \d+) (.*)$/.exec(line) ?? [];
    return oids === undefined || what === undefined ? [] : [{ line, oids, what }];
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
