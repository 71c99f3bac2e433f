/** A type with values that a copy could spoil, as SQL. */
export interface Kind {
  type: string;
  values: readonly string[];
}

export const kinds = {
  integer: { type: 'integer', values: ['0', '-2147483648', '42', '7'] },
  bigint: { type: 'bigint', values: ['9223372036854775807', '-1', '12'] },
  float: { type: 'float8', values: [`'NaN'`, `'-Infinity'`, `'-0'`, '1e-300', '0.1'] },
  numeric: { type: 'numeric', values: [`'NaN'`, '1.10', '123456789012345678901234567890.123'] },
  text: {
    type: 'text',
    values: [`''`, `'plain and long'`, `E'tab\\t\\n\\\\.\\\\N'`, `'ünï''q"$$'`, `'NULL'`],
  },
  short: { type: 'varchar(6)', values: [`''`, `'six'`, `'größer'`] },
  boolean: { type: 'boolean', values: ['true', 'false'] },
  moment: { type: 'timestamptz', values: [`'infinity'`, `'2024-02-29 12:00:00.000001+00'`] },
  date: { type: 'date', values: [`'0044-03-15 BC'`, `'2025-11-18'`] },
  json: { type: 'jsonb', values: [`'null'`, `'{"a": [1, "x\\\\"]}'`] },
  array: { type: 'text[]', values: [`'{}'`, `ARRAY['', NULL, 'a,"b']`] },
  bytes: { type: 'bytea', values: [`'\\x00ff5c'`, `''`] },
  mood: { type: 'mood', values: [`'bad'`, `'go''od'`] },
  uuid: { type: 'uuid', values: [`'00000000-0000-0000-0000-000000000000'`] },
  /** A large object of its own for each row that has one. */
  large: { type: 'oid', values: [`lo_from_bytea(0, '\\x00ff')`, `lo_from_bytea(0, '')`] },
} as const satisfies Record<string, Kind>;

export type KindName = keyof typeof kinds;

export interface Column {
  name: string;
  kind: KindName;
  /** NOT NULL with the first value as its default; otherwise nullable, with a default or without. */
  presence: 'required' | 'nullable' | 'defaulted';
}

export type Key = 'none' | 'identity' | 'serial' | 'uuid' | 'text' | 'pair';

export interface Table {
  name: string;
  key: Key;
  columns: Column[];
  /** A column computed from its key or first column. */
  computed: boolean;
  /** Refers to the table so many places before it, 0 to itself, where that has a key of one column. */
  refersBack?: number | undefined;
  /** In two parts, where it has a key to tell them apart by. */
  partitioned: boolean;
  rows: number;
}

/** One thing that a migration does, there and back. `at` chooses among the tables, `which` among their columns. */
export type Change =
  | { does: 'add-table'; table: Table; filled: boolean }
  | { does: 'add-column'; at: number; column: Column }
  | { does: 'add-number'; at: number; always: boolean }
  | { does: 'widen'; at: number; which: number }
  | { does: 'rename-column'; at: number; which: number }
  | { does: 'split'; at: number; which: number }
  | { does: 'seed'; at: number }
  | { does: 'add-index'; at: number; which: number }
  /** Downgrades that are wrong. */
  | { does: 'delete-rows'; at: number; keeping: number }
  | { does: 'blank-values'; at: number; which: number }
  | { does: 'nothing-back'; at: number; column: Column }
  | { does: 'raise'; where: 'transaction' | 'autocommit'; when: 'always' | 'not-on-copy'; at: number };

/** What the application writes at the newer revision. */
export interface Write {
  does: 'insert' | 'update' | 'delete';
  at: number;
  count: number;
  salt: number;
}

export const breakages = [
  'none',
  'pg_dump killed',
  'back-up killed',
  'salvage killed',
  'psql killed in salvage',
  'psql killed in the put-back of salvage',
  'downgrade killed before its commit',
  'downgrade killed after its commit',
  'connection cut in the downgrade',
  'pg_restore killed',
  'restore killed',
  'cloning takes too long',
  'somebody changes the snapshot',
  'somebody writes while writes are stopped',
  'worker dies',
  'worker is cut off',
  'worker dies for good',
  'worker dies for good, and somebody writes',
  'every step twice',
] as const;
export type Breakage = (typeof breakages)[number];

/** After what a worker dies or is cut off: the record is written, a Job has ended, one of its statements was done. */
export const crashPoints = ['record', 'job', 'rename', 'create database', 'statement'] as const;
export type CrashPoint = (typeof crashPoints)[number];

export interface Case {
  tables: Table[];
  changes: Change[];
  /** How many of the changes belong to the first of the two migrations. */
  first: number;
  writes: Write[];
  breakage: Breakage;
  /** After how many of them. */
  crash: { after: CrashPoint; nth: number };
  /** Nothing: what came well to the target stays there. */
  restoreFrom: 'snapshot' | 'backup' | 'nothing';
}
