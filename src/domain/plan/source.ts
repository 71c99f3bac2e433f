import { utc } from '../text.ts';
import type { MadeSnapshot } from '../snapshot.ts';
import type { Backup } from '../backup.ts';

/** What was found in what is restored from, all of it read before anything is touched. */
interface Read {
  /** The revision in it: where the database will be. `base` where it holds none. */
  revision: string;
  /** Rows by table. */
  counts: Record<string, number>;
  extensions: string[];
  bytes: number;
  /** ISO 8601; of a given file the time at which it was last written, which is no proof, where it is known. */
  takenAt?: string;
}

/** How a dump on the store is written. */
export type DumpFormat = 'plain' | 'plain-gzip' | 'custom';

/** A dump that Backstep did not make: what it holds is known by reading it, what it should hold is not. */
export interface ExternalDump extends Read {
  kind: 'file';
  file: string;
  format: DumpFormat;
  sha256: string;
  /** As the dump says it: `18.4`. */
  serverVersion: string;
  clientVersion: string;
  /** State of sequences, by name as in the dump: `2000 called`. */
  sequences: Record<string, string>;
  /** Its extensions with the schemas in which they are. */
  installed: { name: string; schema: { name: string; owner?: string } }[];
}

/** What an emergency restore restores from (runbook, Emergency Database Restore). */
export type Source =
  | ExternalDump
  | (Read & { kind: 'backup'; backup: Backup })
  | (Read & { kind: 'snapshot'; snapshot: MadeSnapshot });

export const sourceName = (source: Source): string =>
  source.kind === 'file'
    ? source.file
    : source.kind === 'backup'
      ? source.backup.file
      : source.snapshot.database;

/** In one line, for gates, report and command line. */
export function describeSource(source: Source): string {
  const name = sourceName(source);
  const rows = Object.values(source.counts).reduce((sum, count) => sum + count, 0);
  const taken = source.takenAt === undefined ? undefined : utc(source.takenAt);
  const of = taken === undefined ? '' : ` of ${taken}`;
  const holds = `revision ${source.revision}, ${rows.toLocaleString('en')} rows`;
  if (source.kind === 'snapshot') return `snapshot ${name}${of}: ${holds}`;
  if (source.kind === 'backup') return `backup ${name}${of}: ${holds}`;
  return `file ${name}${taken === undefined ? '' : `, last written ${taken}`} (PostgreSQL ${source.serverVersion}): ${holds}`;
}
