import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import getPort from 'get-port';
import { Client, type QueryResultRow } from 'pg';
import { command, onPath } from '../../lab/command.ts';
import type { PointInTimeOf } from '../../src/domain/definition/point-in-time.ts';
import { installPostgres } from './debian-postgres.ts';

const binaries = '/usr/lib/postgresql/15/bin';
const user = 'postgres';

/** A PostgreSQL 15 of the test's own that archives its log with pgBackRest, and holds one full backup. */
export interface Archived {
  host: string;
  port: number;
  /** A place for new clusters, which `remove` stops and removes too. */
  directory: string;
  definition(port: number): PointInTimeOf<'pgbackrest'>;
  /** Runs a program as the user who owns the cluster. */
  as(program: string, ...args: string[]): Promise<string>;
  sql<T extends QueryResultRow>(text: string, database?: string, port?: number): Promise<T[]>;
  url(database: string, role?: string): string;
  remove(): Promise<void>;
}

async function install(): Promise<void> {
  const missing = [
    ...(existsSync(`${binaries}/postgres`) ? [] : ['postgresql-15']),
    ...((await onPath('pgbackrest')) ? [] : ['pgbackrest']),
  ];
  if (missing.length > 0) await installPostgres(missing);
}

export const password = 'archived-1234';

export async function archived(host = '127.0.0.1'): Promise<Archived> {
  await install();
  const root = await mkdtemp(join(tmpdir(), 'backstep-archive-'));
  const [port, data, directory] = [await getPort({ host }), join(root, 'data'), join(root, 'new')];
  const config = join(root, 'pgbackrest.conf');
  await chmod(root, 0o755);
  for (const name of ['repository', 'log', 'lock', 'socket', 'new', 'tablespace', 'settings'])
    mkdirSync(join(root, name), { recursive: true });
  writeFileSync(
    config,
    `[global]
repo1-path=${root}/repository
log-path=${root}/log
lock-path=${root}/lock
start-fast=y
compress-type=lz4
repo1-retention-full=2
[radar]
pg1-path=${data}
pg1-port=${port}
pg1-socket-path=${root}/socket
`,
  );
  const run = ['setpriv', `--reuid=${user}`, `--regid=${user}`, '--clear-groups', '--'];
  const as = async (program: string, ...args: string[]) =>
    command(run[0] ?? '', [...run.slice(1), program, ...args], { cwd: '/' });
  await command('chown', ['-R', `${user}:${user}`, root]);
  writeFileSync(join(root, 'password'), password, { mode: 0o644 });
  await as(
    `${binaries}/initdb`,
    '-D',
    data,
    '-U',
    'postgres',
    '-A',
    'scram-sha-256',
    '--pwfile',
    join(root, 'password'),
    '--no-sync',
  );
  const pgbackrest = (...words: string[]) =>
    as('pgbackrest', '--stanza=radar', `--config=${config}`, ...words);
  const settings = {
    port,
    data_directory: data,
    listen_addresses: host,
    unix_socket_directories: join(root, 'socket'),
    archive_mode: 'on',
    archive_command: `pgbackrest --stanza=radar --config=${config} archive-push %p`,
    wal_level: 'replica',
    track_commit_timestamp: 'on',
    fsync: 'off',
    shared_buffers: '16MB',
    max_wal_size: '64MB',
  };
  const lines = Object.entries(settings).map(([name, value]) => `${name} = '${value}'`);
  // As Debian has it: settings lie beside the data directory, and name it.
  const files = { config_file: 'postgresql.conf', hba_file: 'pg_hba.conf', ident_file: 'pg_ident.conf' };
  const options = Object.entries(files).map(([name, file]) => `${name}=${root}/settings/${file}`);
  await as('sh', '-c', `mv ${data}/p*.conf ${root}/settings/`);
  await as('sh', '-c', `cat >>${root}/settings/postgresql.conf <<'END'\n${lines.join('\n')}\nEND`);
  // pgBackRest itself comes by the socket, without a password.
  await as(
    'sh',
    '-c',
    `sed -i '1i local all postgres trust\\nhost all all 0.0.0.0/0 scram-sha-256' ${root}/settings/pg_hba.conf`,
  );
  const control = (where: string, ...words: string[]) =>
    as(`${binaries}/pg_ctl`, '-D', where, '-w', ...words);
  const serverOptions = options.map((option) => `-c ${option}`).join(' ');
  await control(data, '-l', join(root, 'log/server.log'), '-o', serverOptions, 'start');
  await pgbackrest('stanza-create');
  await pgbackrest('--type=full', 'backup');

  const address = (database: string, role: string, at: number) =>
    `postgresql://${role}:${password}@${host}:${at}/${database}`;
  return {
    host,
    port,
    directory,
    definition: (newPort) => ({
      provider: 'pgbackrest',
      stanza: 'radar',
      run,
      config,
      binaries,
      directory,
      options,
      host,
      port: newPort,
      within: 60_000,
    }),
    as,
    sql: async (text, database = 'postgres', at = port) => {
      const client = new Client({ connectionString: address(database, 'postgres', at) });
      await client.connect();
      try {
        const result = (await client.query(text)) as unknown as { rows: never[] };
        return result.rows;
      } finally {
        await client.end();
      }
    },
    url: (database, role = 'postgres') => address(database, role, port),
    remove: async () => {
      const { stdout } = await execa('find', [root, '-name', 'postmaster.pid', '-printf', '%h\n'], {
        reject: false,
      });
      for (const running of stdout.split('\n').filter(Boolean))
        await control(running, '-m', 'immediate', 'stop').catch(() => undefined);
      await rm(root, { recursive: true, force: true });
    },
  };
}
