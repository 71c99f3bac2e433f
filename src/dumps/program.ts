import { spawn } from 'node:child_process';
import type { Readable, Writable } from 'node:stream';
import { applicationName } from '../postgres/connect.ts';
import { libpqEnvironment } from '../postgres/url.ts';

export interface ProgramEnd {
  /** Undefined where it ended as it should; otherwise how, with the end of what it said. */
  trouble?: string;
}

export interface ProgramOptions {
  url?: string;
  operation: string;
  signal?: AbortSignal;
  onOutput?: (chunk: Buffer) => unknown;
  /** Takes what it writes, at the pace at which it can; stays open, since only the end tells what it is worth. */
  output?: Writable;
  /** What it reads. It is destroyed at the end, whether or not all of it was read. */
  input?: Readable;
}

const keep = 4_000;

/**
 * Runs a client program of PostgreSQL with the connection in its environment, and tells how it ended. A
 * program that was killed, or that did not start, has ended with trouble, never silently.
 */
export async function runProgram(path: string, args: string[], options: ProgramOptions): Promise<ProgramEnd> {
  const { url, operation, signal: stop, onOutput, output, input } = options;
  const connection = url === undefined ? {} : libpqEnvironment(url);
  const talks = onOutput !== undefined || output !== undefined;
  const child = spawn(path, args, {
    env: {
      PATH: process.env['PATH'],
      HOME: process.env['HOME'],
      LC_ALL: 'C',
      ...connection,
      PGAPPNAME: applicationName(operation),
    },
    stdio: [input === undefined ? 'ignore' : 'pipe', talks ? 'pipe' : 'ignore', 'pipe'],
    ...(stop && { signal: stop }),
  });
  let said = '';
  child.stderr?.on('data', (chunk: Buffer) => {
    said = (said + chunk.toString('utf8')).slice(-keep);
  });
  if (onOutput !== undefined) child.stdout?.on('data', onOutput);
  if (output !== undefined) child.stdout?.pipe(output, { end: false });
  const name = path.split('/').at(-1) ?? path;
  return new Promise((resolve) => {
    let unread: string | undefined;
    if (input !== undefined && child.stdin !== null) {
      // It may stop reading before the end; whether that is well, its status says.
      child.stdin.on('error', () => {});
      input.on('error', (error) => {
        unread = `what ${name} reads broke off: ${error.message}`;
        child.kill('SIGKILL');
      });
      input.pipe(child.stdin);
    }
    const end = (trouble?: string) => {
      input?.destroy();
      resolve(trouble === undefined ? {} : { trouble });
    };
    child.on('error', (error) => end(`${name} did not start: ${error.message}`));
    child.on('close', (code, signal) => {
      if (unread !== undefined) return end(unread);
      if (code === 0) return end();
      const how = signal === null ? `ended with status ${code}` : `was killed by ${signal}`;
      end(`${name} ${how}${said === '' ? '' : `: ${said.trim()}`}`);
    });
  });
}
