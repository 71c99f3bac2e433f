import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { vi } from 'vitest';
import { current, up, type Lab } from '../../lab/lab.ts';
import { failureIn, resultIn } from '../../src/kubernetes/job-protocol.ts';
import { quoted, withClient, withDatabase, type Client } from '../../src/postgres/connect.ts';
import { Failure } from '../../src/domain/failures.ts';
import { python, type Python } from './python.ts';

const job = fileURLToPath(new URL('../../dist/job.js', import.meta.url));

/** What all cases share: roles as Backstep is given them, a Python, and a directory for dumps. */
export interface Surroundings {
  lab: Lab;
  id: string;
  owner: string;
  directory: string;
  python: Python;
  /** As the application connects to a database, and as Backstep's admin does. */
  url(database: string): string;
  adminUrl: string;
  asAdmin<T>(use: (admin: Client) => Promise<T>, database?: string): Promise<T>;
  remove(): Promise<void>;
}

export async function surroundings(): Promise<Surroundings> {
  const lab = (await current()) ?? (await up());
  const id = randomBytes(3).toString('hex');
  const owner = `property_${id}_app`;
  const admin = `property_${id}_backstep`;
  const directory = mkdtempSync(join(tmpdir(), 'property-'));
  vi.stubEnv('BACKSTEP_BACKUPS', join(directory, 'backups'));
  vi.stubEnv('PATH', `${lab.postgres.bin}${delimiter}${process.env['PATH']}`);
  const address = (role: string, database: string) =>
    withDatabase(`postgresql://${role}:secret@${lab.postgres.host}:${lab.postgres.port}/x`, database);
  const asSuperuser = (sql: string) =>
    withClient(withDatabase(lab.postgres.superuserUrl, 'postgres'), {}, (client) => client.query(sql));
  await asSuperuser(`CREATE ROLE ${owner} LOGIN PASSWORD 'secret';
    CREATE ROLE ${admin} LOGIN CREATEDB PASSWORD 'secret'; GRANT ${owner}, pg_signal_backend TO ${admin}`);
  const running = await python();
  return {
    lab,
    id,
    owner,
    directory,
    python: running,
    url: (database) => address(owner, database),
    adminUrl: address(admin, 'postgres'),
    asAdmin: (use, database = 'postgres') => withClient(address(admin, database), {}, use),
    remove: async () => {
      running.close();
      vi.unstubAllEnvs();
      await withClient(lab.postgres.superuserUrl, {}, async (client) => {
        const { rows } = await client.query<{ datname: string }>(
          `SELECT datname FROM pg_database WHERE datname LIKE '%' || $1 || '%'`,
          [id],
        );
        for (const { datname } of rows) await client.query(`DROP DATABASE ${quoted(datname)} WITH (FORCE)`);
        await client.query(`DROP ROLE ${owner}, ${admin}`);
      });
      rmSync(directory, { recursive: true });
    },
  };
}

/** Drops whatever a case has left on the server. */
export async function dropAll({ adminUrl }: Surroundings, part: string): Promise<void> {
  await withClient(adminUrl, {}, async (admin) => {
    const { rows } = await admin.query<{ datname: string }>(
      `SELECT datname FROM pg_database WHERE starts_with(datname, $1)`,
      [part],
    );
    for (const { datname } of rows) await admin.query(`DROP DATABASE ${quoted(datname)} WITH (FORCE)`);
  });
}

/** How a process ends before its time. */
export interface How {
  /** Which program. */
  in: string;
  /** Milliseconds after which it is killed; what of it runs in the server goes on. */
  killAfter?: number;
  /** A client program that is killed as soon as it runs. */
  dies?: 'pg_dump' | 'pg_restore' | 'psql';
}

/**
 * Runs a program of Backstep's job image as the process that it is in a pod.
 *
 * @throws Failure as the program says it, JobFailed where it was killed
 */
export async function jobProcess(
  surroundings: Surroundings,
  program: string,
  env: Record<string, string>,
  { killAfter, dies }: How,
): Promise<unknown> {
  const child = spawn(process.execPath, [job, program], {
    env: {
      ...process.env,
      ...(dies && { PATH: `${dying(surroundings, dies)}${delimiter}${process.env['PATH']}` }),
      ...env,
    },
    stdio: ['ignore', 'pipe', 'inherit'],
    // A container's end takes all of its processes along.
    detached: true,
  });
  let said = '';
  child.stdout.on('data', (chunk: Buffer) => (said += chunk.toString('utf8')));
  const kill = () => {
    try {
      if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
    } catch {
      // It has ended.
    }
  };
  const timer = killAfter === undefined ? undefined : setTimeout(kill, killAfter);
  await new Promise((resolve) => child.on('close', resolve));
  clearTimeout(timer);
  const lines = said.split('\n');
  const result = resultIn(lines);
  if (result !== undefined) return result;
  const failure = failureIn(lines);
  throw new Failure(failure?.type ?? 'JobFailed', failure?.message ?? 'the process was killed');
}

/** A directory with a client program that starts, and is killed at its work. */
function dying({ directory, lab }: Surroundings, name: NonNullable<How['dies']>): string {
  const bin = join(directory, `dying-${name}`);
  mkdirSync(bin, { recursive: true });
  const real = join(lab.postgres.bin, name);
  const killed = {
    pg_dump: `${real} "$@" & sleep 0.03; kill -9 $!`,
    pg_restore: `${real} "$@" & sleep 0.03; kill -9 $!`,
    // It is done in less; so it is cut within its first rows.
    psql: `${real} "$@" | head -c 8`,
  }[name];
  const script = `#!/bin/sh\ncase "$1" in --version | -l) exec ${real} "$@" ;; esac\n${killed}\nkill -9 $$\n`;
  writeFileSync(join(bin, name), script);
  chmodSync(join(bin, name), 0o755);
  return bin;
}
