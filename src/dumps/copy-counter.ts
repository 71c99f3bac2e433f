import { keyOf } from '../postgres/tables.ts';

const newline = 0x0a;
const backslash = 0x5c;
const dot = 0x2e;
/** Longest line that is read as a statement: 1,600 columns of 63 bytes fit. */
const statementLimit = 256 * 1024;

const part = String.raw`("(?:[^"]|"")+"|[^\s."(]+)`;
const copy = new RegExp(String.raw`^COPY ${part}\.${part} (?:\(.*\))? ?FROM stdin;$`);
const setval = new RegExp(
  String.raw`^SELECT pg_catalog\.setval\('${part}\.${part}', (-?\d+), (true|false)\);$`,
);
const largeObject = /^SELECT pg_catalog\.lo_open\('\d+', \d+\);$/;

/**
 * Counts what an archive holds while it goes by as SQL (`pg_restore --data-only -f -`): the rows of every
 * COPY block, where sequences are set, and large objects. Works on bytes, since a row may be longer than any string.
 */
export class CopyCounter {
  /** Rows by `schema.table`, both as in the catalog. */
  readonly rows = new Map<string, number>();
  /** As the fingerprint has them: `sequence papers_id_seq`, `2000 called`. */
  readonly sequences = new Map<string, string>();
  largeObjects = 0;
  total = 0;
  private table: string | undefined;
  private counted = 0;
  private head: Buffer[] = [];
  private length = 0;

  push(chunk: Buffer): void {
    let from = 0;
    for (;;) {
      const to = chunk.indexOf(newline, from);
      if (to < 0) break;
      this.line(chunk, from, to);
      from = to + 1;
    }
    if (from < chunk.length) this.keep(chunk.subarray(from));
  }

  /** True where the last block has its end mark: a stream cut off within a block has none. */
  get complete(): boolean {
    return this.table === undefined && this.length === 0;
  }

  private keep(piece: Buffer): void {
    const room = this.table === undefined ? statementLimit : 2;
    const held = this.head.reduce((sum, { length }) => sum + length, 0);
    if (held < room) this.head.push(Buffer.from(piece.subarray(0, room - held)));
    this.length += piece.length;
  }

  private line(chunk: Buffer, from: number, to: number): void {
    if (this.table !== undefined && this.length === 0) {
      // The common case, a whole row within the chunk, copies nothing.
      this.row(to - from === 2 && chunk[from] === backslash && chunk[from + 1] === dot);
      return;
    }
    this.keep(chunk.subarray(from, to));
    const head = Buffer.concat(this.head);
    const { length } = this;
    this.head = [];
    this.length = 0;
    if (this.table !== undefined) this.row(length === 2 && head[0] === backslash && head[1] === dot);
    else if (length <= statementLimit) this.statement(head.toString('utf8'));
  }

  private row(isEnd: boolean): void {
    if (!isEnd) {
      this.counted += 1;
      this.total += 1;
      return;
    }
    const table = this.table ?? '';
    this.rows.set(table, (this.rows.get(table) ?? 0) + this.counted);
    this.table = undefined;
    this.counted = 0;
  }

  private statement(text: string): void {
    if (largeObject.test(text)) this.largeObjects += 1;
    // A quote within a name is doubled within the string.
    const [, of, name, value, called] = setval.exec(text.replaceAll("''", "'")) ?? [];
    if (of !== undefined && name !== undefined)
      this.sequences.set(
        `sequence ${keyOf(unquoted(of), unquoted(name))}`,
        `${value}${called === 'true' ? ' called' : ''}`,
      );
    const [, schema, table] = copy.exec(text) ?? [];
    if (schema !== undefined && table !== undefined) this.table = `${unquoted(schema)}.${unquoted(table)}`;
  }
}

const unquoted = (identifier: string): string =>
  identifier.startsWith('"') ? identifier.slice(1, -1).replaceAll('""', '"') : identifier;
