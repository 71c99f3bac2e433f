import { spawn } from 'node:child_process';
import { applicationName } from '../postgres/connect.ts';
import { libpqEnvironment } from '../postgres/url.ts';

export interface ProgramEnd {
  /** Undefined where it ended as it should; otherwise how, with the end of what it said. */
  trouble?: string;
}

const keep = 4_000;

/**
 * Runs a client program of PostgreSQL with the connection in its environment, and tells how it ended. A
 * program that was killed, or that did not start, has ended with trouble, never silently.
 */
export async function runProgram(
  path: string,
  args: string[],
  options: { url?: string; operation: string; signal?: AbortSignal; onOutput?: (chunk: Buffer) => void },
): Promise<ProgramEnd> {
  const { url, operation, signal: stop, onOutput } = options;
  const connection = url === undefined ? {} : libpqEnvironment(url);
  const child = spawn(path, args, {
    env: {
      PATH: process.env['PATH'],
      HOME: process.env['HOME'],
      LC_ALL: 'C',
      ...connection,
      PGAPPNAME: applicationName(operation),
    },
    stdio: ['ignore', onOutput === undefined ? 'ignore' : 'pipe', 'pipe'],
    ...(stop && { signal: stop }),
  });
  let said = '';
  child.stderr?.on('data', (chunk: Buffer) => {
    said = (said + chunk.toString('utf8')).slice(-keep);
  });
  if (onOutput !== undefined) child.stdout?.on('data', onOutput);
  return new Promise((resolve) => {
    const name = path.split('/').at(-1) ?? path;
    child.on('error', (error) => resolve({ trouble: `${name} did not start: ${error.message}` }));
    child.on('close', (code, signal) => {
      if (code === 0) return resolve({});
      const how = signal === null ? `ended with status ${code}` : `was killed by ${signal}`;
      resolve({ trouble: `${name} ${how}${said === '' ? '' : `: ${said.trim()}`}` });
    });
  });
}
