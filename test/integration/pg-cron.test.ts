import { existsSync } from 'node:fs';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import getPort from 'get-port';
import { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { command } from '../../lab/command.ts';
import { withClient } from '../../src/postgres/connect.ts';
import { keepsCronJobs, scheduledQueries, setActive } from '../../src/postgres/pg-cron.ts';
import { installPostgres } from './fixtures/debian-postgres.ts';

const binaries = '/usr/lib/postgresql/15/bin';
const host = '127.0.0.1';
let root: string;
let port: number;

async function install(): Promise<void> {
  if (existsSync('/usr/lib/postgresql/15/lib/pg_cron.so')) return;
  await installPostgres(['postgresql-15', 'postgresql-15-cron']);
}

const as = (program: string, ...args: string[]) =>
  command('setpriv', ['--reuid=postgres', '--regid=postgres', '--clear-groups', '--', program, ...args], {
    cwd: '/',
  });
const url = (role: string, database = 'postgres') => `postgresql://${role}@${host}:${port}/${database}`;
const sql = async (text: string, database?: string) => {
  const client = new Client({ connectionString: url('postgres', database) });
  await client.connect();
  try {
    const result = (await client.query(text)) as unknown as { rows: Record<string, unknown>[] };
    return result.rows;
  } finally {
    await client.end();
  }
};

beforeAll(async () => {
  await install();
  root = await mkdtemp(join(tmpdir(), 'backstep-cron-'));
  await chmod(root, 0o755);
  port = await getPort({ host });
  await command('chown', ['-R', 'postgres:postgres', root]);
  const data = join(root, 'data');
  await as(`${binaries}/initdb`, '-D', data, '-U', 'postgres', '-A', 'trust', '--no-sync');
  const options = `-c port=${port} -c listen_addresses=${host} -c unix_socket_directories=${root} -c fsync=off -c shared_preload_libraries=pg_cron -c cron.host=${host}`;
  await as(`${binaries}/pg_ctl`, '-D', data, '-w', '-l', join(root, 'log'), '-o', options, 'start');
  for (const statement of [
    'CREATE EXTENSION pg_cron',
    'CREATE ROLE app LOGIN',
    'CREATE ROLE stranger LOGIN',
    'CREATE ROLE backstep LOGIN CREATEDB',
    'GRANT app, pg_signal_backend TO backstep',
    'CREATE DATABASE radar OWNER app',
    'CREATE DATABASE other OWNER app',
    'GRANT USAGE ON SCHEMA cron TO app, stranger, backstep',
    'GRANT EXECUTE ON FUNCTION cron.schedule_in_database TO app, stranger',
    'GRANT EXECUTE ON FUNCTION cron.alter_job TO app',
    `SET ROLE app; SELECT cron.schedule_in_database('tidy', '0 0 1 1 *', 'VACUUM', 'radar');
     SELECT cron.schedule_in_database('elsewhere', '0 0 1 1 *', 'VACUUM', 'other')`,
    `SET ROLE stranger; SELECT cron.schedule_in_database('unseen', '0 0 1 1 *', 'VACUUM', 'radar')`,
  ])
    await sql(statement);
});
afterAll(async () => {
  await as(`${binaries}/pg_ctl`, '-D', join(root, 'data'), '-m', 'immediate', 'stop').catch(() => undefined);
  await rm(root, { recursive: true, force: true });
});

const active = async () =>
  Object.fromEntries(
    (await sql('SELECT jobname, active FROM cron.job')).map((row) => [row['jobname'], row['active']]),
  );

const set = (job: string, on: boolean) =>
  withClient(url('backstep'), {}, (client) => setActive(client, job, on));

describe('jobs of pg_cron', () => {
  test('of the database are found through row security, as far as the roles go; others stay alone', async () => {
    const found = await withClient(url('backstep'), {}, async (client) => {
      expect(await keepsCronJobs(client)).toBe('yes');
      return scheduledQueries(client, 'radar');
    });
    expect(found).toEqual([{ job: '1', name: 'tidy', role: 'app', active: true, mayChange: true }]);
    const asSuperuser = await withClient(url('postgres'), {}, (client) => scheduledQueries(client, 'radar'));
    expect(asSuperuser.map(({ name }) => name)).toEqual(['tidy', 'unseen']);
  });

  test('are paused and go on again, once', async () => {
    expect(await set('1', false)).toBe('written');
    expect(await set('1', false)).toBe('as wanted');
    expect(await active()).toEqual({ tidy: false, elsewhere: true, unseen: true });
    expect(await set('1', true)).toBe('written');
    expect(await set('99', true)).toBe('gone');
    expect(await active()).toEqual({ tidy: true, elsewhere: true, unseen: true });
  });

  test('cannot be paused without the right, and that is known beforehand', async () => {
    await sql('REVOKE EXECUTE ON FUNCTION cron.alter_job FROM app');
    const [found] = await withClient(url('backstep'), {}, (client) => scheduledQueries(client, 'radar'));
    expect(found).toMatchObject({ job: '1', mayChange: false });
    await sql('REVOKE USAGE ON SCHEMA cron FROM backstep, app');
    expect(await withClient(url('backstep'), {}, keepsCronJobs)).toBe('unseen');
    expect(await withClient(url('backstep', 'radar'), {}, keepsCronJobs)).toBe('no');
  });
});
