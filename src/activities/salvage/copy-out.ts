import { PassThrough, Readable } from 'node:stream';
import { Failure } from '../../domain/failures.ts';
import { runProgram } from '../../dumps/program.ts';

export interface Source {
  url: string;
  operation: string;
  /** Exported by a transaction that is open; absent: a snapshot of its own. */
  snapshot?: string;
}

/** How values are written; the script that puts them back reads them with the same settings. */
export const settings = [
  `SET client_encoding = 'UTF8';`,
  `SET DateStyle = 'ISO, YMD';`,
  `SET IntervalStyle = 'postgres';`,
  `SET extra_float_digits = 3;`,
  `SET bytea_output = 'hex';`,
  `SET lc_monetary = 'C';`,
  `SET xmloption = 'content';`,
  `SET row_security = off;`,
  `SET statement_timeout = 0;`,
].join('\n');

/**
 * The rows that a query gives, in COPY's text format: one line a row, as `psql` gets them from the server.
 *
 * @throws Failure SalvageFailed where psql does not start, is killed, or the server refuses; only then is what
 *   went by before not all
 */
export async function* copyOut({ url, operation, snapshot }: Source, query: string): AsyncGenerator<Buffer> {
  const script = [
    settings,
    `SET lock_timeout = '30s';`,
    'BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;',
    ...(snapshot === undefined ? [] : [`SET TRANSACTION SNAPSHOT '${snapshot}';`]),
    `COPY (${query}) TO STDOUT;`,
    'COMMIT;',
    '',
  ].join('\n');
  const stop = new AbortController();
  const output = new PassThrough();
  void runProgram('psql', ['-X', '-q', '-v', 'ON_ERROR_STOP=1', '-f', '-'], {
    url,
    operation,
    signal: stop.signal,
    input: Readable.from([script]),
    output,
  }).then(({ trouble }) =>
    trouble === undefined ? output.end() : output.destroy(new Failure('SalvageFailed', trouble)),
  );
  try {
    for await (const chunk of output) yield chunk as Buffer;
  } finally {
    stop.abort();
  }
}

/** The lines of a stream of chunks, each with its newline; a last one without is an error of the sender. */
export async function* lines(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let begun: Buffer[] = [];
  for await (const chunk of chunks) {
    let from = 0;
    for (;;) {
      const to = chunk.indexOf(0x0a, from);
      if (to < 0) break;
      const piece = chunk.subarray(from, to + 1);
      yield begun.length === 0 ? piece : Buffer.concat([...begun, piece]);
      begun = [];
      from = to + 1;
    }
    if (from < chunk.length) begun.push(chunk.subarray(from));
  }
  if (begun.length > 0) throw new Failure('SalvageFailed', 'psql ended within a row.');
}
