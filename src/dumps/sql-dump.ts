import type { VersionRow } from '../migrations/tool.ts';
import { keyOf } from '../postgres/tables.ts';

const newline = 0x0a;
const end = Buffer.from('\\.');
const eol = Buffer.from('\n');

const part = String.raw`("(?:[^"]|"")+"|[^\s."(]+)`;
const copy = new RegExp(String.raw`^COPY ${part}\.${part} (?:\((.*)\))? ?FROM stdin;$`);
const column = /"(?:[^"]|"")+"|[^\s,]+/g;
const header =
  /^-- (?:Data for )?Name: (?<name>.*); Type: (?<type>[A-Z ]+); Schema: (?<schema>.*); Owner: (?<owner>.*)$/;
const extension = new RegExp(String.raw`^CREATE EXTENSION IF NOT EXISTS ${part} WITH SCHEMA ${part};$`);
const setval = /^SELECT pg_catalog\.setval\('((?:[^']|'')+)', (-?\d+), (true|false)\);$/;
const grant = /^GRANT .* TO (.+?)(?: WITH GRANT OPTION)?;$/;

const unquoted = (identifier: string): string =>
  identifier.startsWith('"') ? identifier.slice(1, -1).replaceAll('""', '"') : identifier;

/** How COPY writes what is no plain character. */
const escapes: Record<string, string> = { b: '\b', f: '\f', n: '\n', r: '\r', t: '\t', v: '\v' };

const versionRow = (columns: readonly string[], line: string): VersionRow => {
  const values = line.split('\t');
  return Object.fromEntries(
    columns.map((name, at) => {
      const value = values[at] ?? '\\N';
      const text = value.replaceAll(/\\(.)/g, (_, escaped: string) => escapes[escaped] ?? escaped);
      return [name, value === '\\N' ? null : text];
    }),
  );
};

interface Entry {
  name: string;
  type: string;
  schema: string;
  owner: string;
}

export interface SqlDumpOptions {
  /** The version table of the migration tool, `schema.table`; its rows are kept. */
  versionTable?: string;
  /** Takes what a database of this major is to be given; absent where the dump is only read. */
  keep?: { major: number; into: (bytes: Buffer) => void };
}

/**
 * What a dump in SQL holds, read as it goes by: of `pg_dump`, or of `pg_restore -f -`. It knows rows by the COPY
 * blocks, objects by the comment above each, and the end by pg_dump's last line, which alone tells a whole dump
 * from one whose pg_dump was killed (runbook, Step 2; a pipeline's status and `gzip -t` do not).
 *
 * With `keep`, it passes on what a new database can be given: without extensions and their comments, which are made
 * beforehand by whoever may, without the schemas made for them, and without lines of newer clients.
 */
export class SqlDump {
  /** Rows by table. */
  readonly counts: Record<string, number> = {};
  readonly extensions: { name: string; schema: string }[] = [];
  /** Tables, partitioned ones included, which have no rows of their own. */
  readonly tables: string[] = [];
  /** Owners of schemas. */
  readonly schemas: Record<string, string> = {};
  /** State by sequence, named as in the dump: `2000 called`. */
  readonly sequences: Record<string, string> = {};
  /** Roles to which objects belong, or are granted. */
  readonly roles = new Set<string>();
  /** Of the version table, as `VersionRow` has them. */
  readonly versionRows: VersionRow[] = [];
  serverVersion = '';
  clientVersion = '';
  rows = 0;
  /** True once pg_dump's last line went by. */
  whole = false;
  /** Why it cannot be restored beside another database, where it says so itself. */
  unfit: string | undefined;
  #pieces: Buffer[] = [];
  #length = 0;
  #table: string | undefined;
  /** Columns of the version table, while its rows go by. */
  #versionColumns: string[] | undefined;
  #before = '';
  #skipping = false;
  #began = false;
  readonly #made = new Set<string>();

  constructor(private readonly options: SqlDumpOptions = {}) {}

  push(chunk: Buffer): void {
    const kept: Buffer[] = [];
    let from = 0;
    for (;;) {
      const to = chunk.indexOf(newline, from);
      if (to < 0) break;
      const line = this.#whole(chunk.subarray(from, to));
      if (this.#line(line)) kept.push(line, eol);
      from = to + 1;
    }
    if (from < chunk.length) {
      this.#pieces.push(Buffer.from(chunk.subarray(from)));
      this.#length += chunk.length - from;
    }
    if (kept.length > 0) this.options.keep?.into(Buffer.concat(kept));
  }

  /** What is wrong with it as far as it went by, at its end; undefined where it is whole. */
  get broken(): string | undefined {
    if (this.unfit !== undefined) return this.unfit;
    if (this.#table !== undefined) return `it ends within the rows of table ${this.#table}`;
    if (!this.#began) return 'it is no dump of pg_dump: there is none of its comments';
    if (!this.whole) return 'its last line is missing: pg_dump did not come to its end, or the file was cut';
    return undefined;
  }

  #whole(line: Buffer): Buffer {
    if (this.#length === 0) return line;
    const all = Buffer.concat([...this.#pieces, line]);
    this.#pieces = [];
    this.#length = 0;
    return all;
  }

  /** @returns whether it is passed on */
  #line(line: Buffer): boolean {
    if (this.#table !== undefined) return this.#row(line, this.#table);
    const text = line.toString('utf8');
    const keep = this.#statement(text);
    this.#before = text;
    return keep;
  }

  #row(line: Buffer, table: string): boolean {
    if (line.equals(end)) {
      this.#table = undefined;
    } else {
      this.rows += 1;
      this.counts[table] = (this.counts[table] ?? 0) + 1;
      if (this.#versionColumns !== undefined)
        this.versionRows.push(versionRow(this.#versionColumns, line.toString('utf8')));
    }
    return true;
  }

  #statement(text: string): boolean {
    const entry = this.#before === '--' ? header.exec(text)?.groups : undefined;
    if (entry !== undefined) this.#entry(entry as unknown as Entry);
    else if (!this.#began) return this.#preamble(text);
    if (text === '-- PostgreSQL database dump complete') {
      this.whole = true;
      this.#skipping = false;
    }
    if (this.whole && text.startsWith('\\unrestrict ')) return false;
    if (text.startsWith('\\connect '))
      this.unfit = 'it was made with --create or by pg_dumpall, and leads to a database of its own';
    this.#learn(text);
    // Settings stand between objects, and are for those that come.
    return !this.#skipping || text.startsWith('SET ');
  }

  #entry({ name, type, schema, owner }: Entry): void {
    this.#began = true;
    if (type === 'TABLE') this.tables.push(keyOf(schema, name));
    if (owner !== '-' && owner !== '') {
      this.roles.add(owner);
      if (type === 'SCHEMA') this.schemas[name] = owner;
    }
    this.#skipping =
      type === 'EXTENSION' ||
      (type === 'COMMENT' && name.startsWith('EXTENSION ')) ||
      (type === 'SCHEMA' && this.#made.has(name));
  }

  /** Extensions are named after the schemas in which they are, so that those are known by `schemasMade` alone. */
  schemasMade(names: readonly string[]): this {
    for (const name of names) this.#made.add(name);
    return this;
  }

  /** Before the first object. What `--clean` drops is not there in a new database. */
  #preamble(text: string): boolean {
    this.serverVersion ||= /^-- Dumped from database version (\S+)/.exec(text)?.[1] ?? '';
    this.clientVersion ||= /^-- Dumped by pg_dump version (\S+)/.exec(text)?.[1] ?? '';
    if (text === '-- PostgreSQL database cluster dump') this.unfit = 'it is of pg_dumpall: a whole server';
    if (text === '-- PostgreSQL database dump complete') {
      // A database without any object.
      this.#began = true;
      this.whole = true;
    }
    if (/^(\\(un)?restrict |DROP |ALTER )/.test(text)) return false;
    return !text.startsWith('SET transaction_timeout') || (this.options.keep?.major ?? 17) >= 17;
  }

  #learn(text: string): void {
    const block = copy.exec(text);
    if (block !== null) {
      const [schema, name] = [unquoted(block[1] ?? ''), unquoted(block[2] ?? '')];
      this.#table = keyOf(schema, name);
      this.counts[this.#table] ??= 0;
      const isVersion = `${schema}.${name}` === this.options.versionTable;
      this.#versionColumns = isVersion
        ? [...(block[3] ?? '').matchAll(column)].map(([each]) => unquoted(each))
        : undefined;
      return;
    }
    const made = extension.exec(text);
    if (made !== null)
      this.extensions.push({ name: unquoted(made[1] ?? ''), schema: unquoted(made[2] ?? '') });
    const state = setval.exec(text);
    if (state !== null)
      this.sequences[(state[1] ?? '').replaceAll("''", "'")] =
        `${state[2] ?? ''}${state[3] === 'true' ? ' called' : ''}`;
    const to = grant.exec(text)?.[1];
    if (to !== undefined && to !== 'PUBLIC') this.roles.add(unquoted(to));
  }
}
