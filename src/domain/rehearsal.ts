import type { MigrationCode } from './migration-code.ts';
import { count } from './text.ts';
import type { Evidence } from './evidence.ts';

/** What a downgrade destroys, measured on a copy. */
export interface Loss {
  /**
   * `table` and `column`: dropped. `rows`: gone from a table that stays. `values`: changed in a column that
   * stays, narrowed types included. `large objects`: gone, and not among what salvage can keep.
   */
  kind: 'table' | 'column' | 'rows' | 'values' | 'large objects';
  /** `scores`, `papers.score`; with its schema unless public. */
  object: string;
  /** Rows that lose something; or large objects. */
  rows: number;
  /** Non-null values lost, of a column. */
  values?: number;
  /** Rows known to have been written since the migration; absent where that cannot be known. */
  writtenSince?: number;
}

/** A loss in one line: `table scores (35,218 rows, none written after the migration)`. */
export function describeLoss({ kind, object, rows, values, writtenSince }: Loss): string {
  const since =
    writtenSince === undefined
      ? ''
      : `, ${writtenSince === 0 ? 'none' : `${writtenSince.toLocaleString('en')} of them`} written after the migration`;
  const held = `${count(values ?? 0, 'value')} in ${count(rows, 'row')}${since}`;
  switch (kind) {
    case 'table':
      return `table ${object} (${count(rows, 'row')}${since})`;
    case 'column':
      return `column ${object} (${held})`;
    case 'values':
      return `changed values of column ${object} (${held})`;
    case 'rows':
      return `${count(rows, 'row')} of table ${object}${since}`;
    case 'large objects':
      return count(rows, 'large object');
  }
  return kind satisfies never;
}

/** A lock that the downgrade took on the copy. */
export interface TakenLock {
  relation: string;
  /** As in pg_locks, `AccessExclusiveLock`. */
  mode: string;
}

/**
 * The downgrade, done on a scratch copy by the same Job, image and revision. A downgrade that fails there is the
 * failure `RehearsalFailed`; where no copy could be made, why: then nothing is known beforehand.
 */
export type Rehearsal = Rehearsed | NotRehearsed;

export interface NotRehearsed {
  rehearsed: false;
  why: string;
  /** True where the database is at the target already: the downgrade moves nothing, and destroys nothing. */
  there?: boolean;
}

export interface Rehearsed {
  rehearsed: true;
  /** How long the downgrade itself took, in seconds. */
  seconds: number;
  /** What was run on the copy, newest migration first; at most 4 KB. */
  sql: MigrationCode[];
  /** The strongest for each relation; at most 40. */
  locks: TakenLock[];
  /** What the downgrade changes in the schema, in words; at most 40 lines. */
  changes: string[];
  /** All of them; at most 40, the rest in the evidence (`losses`). Empty: nothing is lost. */
  losses: Loss[];
  /**
   * Name of the copy as the downgrade left it: `salvage` finds in it which rows and values are lost, and drops
   * it. Absent: it is gone already, and of such tables everything is kept.
   */
  copy?: string;
  /** What a person must know: a downgrade that does nothing, commits half-way, reads the environment. */
  warnings: string[];
  /** Those of the warnings by which the downgrade is not right: it does nothing, or leaves another schema than it should. */
  wrong?: string[];
  /** Rows by table on the copy after the downgrade. */
  counts: Record<string, number>;
  /** The whole of it: catalogs before and after, locks, losses, output of the migrations. */
  evidence: Evidence;
}
