import { appendFileSync, existsSync, writeFileSync } from 'node:fs';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import getPort from 'get-port';
import { command } from '../../lab/command.ts';
import { current, up } from '../../lab/lab.ts';
import { bin as installed } from '../../lab/postgres.ts';
import { withClient, withDatabase, type Client } from '../../src/postgres/connect.ts';

/** A small PostgreSQL of the test's own, with checksums: its settings and its files may be spoiled. */
export interface PostgresServer {
  host: string;
  port: number;
  data: string;
  url(database: string, role?: string): string;
  on<T>(database: string, use: (client: Client) => Promise<T>): Promise<T>;
  sql<T extends object>(database: string, text: string): Promise<T[]>;
  /** With other settings, where some are given. */
  restart(settings?: Record<string, string>, meanwhile?: () => void): Promise<void>;
  remove(): Promise<void>;
}

const password = 'own-1234';

/** With the roles `radar`, which owns the application's databases, and `backstep`. */
export async function postgresServer(settings: Record<string, string> = {}): Promise<PostgresServer> {
  // Its programs are enough: none of the lab's own servers is asked.
  const bin = existsSync(installed) ? installed : ((await current()) ?? (await up())).postgres.bin;
  const host = '127.0.0.1';
  const [port, root] = [await getPort({ host }), await mkdtemp(join(tmpdir(), 'backstep-own-'))];
  const data = join(root, 'data');
  await chmod(root, 0o755);
  writeFileSync(join(root, 'password'), password, { mode: 0o644 });
  await command('install', ['-d', '-o', 'nobody', '-m', '700', data]);
  const as = (program: string, ...args: string[]) =>
    command(
      'setpriv',
      ['--reuid=nobody', '--regid=nogroup', '--clear-groups', '--', join(bin, program), ...args],
      {
        cwd: '/',
      },
    );
  const words = ['-D', data, '-U', 'postgres', '-A', 'scram-sha-256', '--pwfile', join(root, 'password')];
  await as('initdb', ...words, '--no-sync', '--data-checksums', '--locale=C', '--encoding=UTF8');
  const set = (wanted: Record<string, string>) =>
    appendFileSync(
      join(data, 'postgresql.conf'),
      Object.entries(wanted)
        .map(([name, value]) => `${name} = '${value}'\n`)
        .join(''),
    );
  set({
    port: String(port),
    listen_addresses: host,
    unix_socket_directories: '',
    dynamic_shared_memory_type: 'mmap',
    fsync: 'off',
    shared_buffers: '16MB',
    ...settings,
  });
  const control = (...args: string[]) => as('pg_ctl', '-D', data, '-w', '-l', join(data, 'log'), ...args);
  await control('start');
  const url = (database: string, role = 'postgres') =>
    withDatabase(`postgresql://${role}:${password}@${host}:${port}/x`, database);
  const on = <T>(database: string, use: (client: Client) => Promise<T>) => withClient(url(database), {}, use);
  const sql = async <T extends object>(database: string, text: string) =>
    on(database, async (client) => (await client.query(text)).rows as T[]);
  await sql(
    'postgres',
    `CREATE ROLE radar LOGIN PASSWORD '${password}'; CREATE ROLE backstep LOGIN CREATEDB PASSWORD '${password}';
     GRANT radar, pg_signal_backend TO backstep`,
  );
  return {
    host,
    port,
    data,
    url,
    on,
    sql,
    restart: async (wanted = {}, meanwhile = () => {}) => {
      await control('-m', 'fast', 'stop');
      set(wanted);
      meanwhile();
      await control('start');
    },
    remove: async () => {
      await control('-m', 'immediate', 'stop').catch(() => undefined);
      await rm(root, { recursive: true, force: true });
    },
  };
}
