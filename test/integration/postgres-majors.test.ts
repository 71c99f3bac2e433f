import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { current, up, type Lab } from '../../lab/lab.ts';
import { readDump } from '../../src/dumps/read-dump.ts';
import { restoreExternal } from '../../src/activities/restore-new-database/job.ts';
import { withClient, withDatabase } from '../../src/postgres/connect.ts';
import { fingerprint } from '../../src/postgres/fingerprint.ts';
import type { ExternalDump } from '../../src/domain/plan/source.ts';

/** Debian's own PostgreSQL, where it is installed beside the lab's. */
const older = { major: 15, bin: '/usr/lib/postgresql/15/bin' };
/** The server refuses to run as root; Debian's package brings a user. */
const asPostgres = ['--reuid=postgres', '--regid=postgres', '--clear-groups', '--'];
const id = randomBytes(4).toString('hex');
const role = `majors_${id}`;
const volume = mkdtempSync(join(tmpdir(), 'majors-'));
const schema = `
  CREATE TABLE papers (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, title text NOT NULL, read boolean DEFAULT false);
  CREATE TABLE alembic_version (version_num varchar(32) PRIMARY KEY);
  INSERT INTO alembic_version VALUES ('0004');
  INSERT INTO papers (title) SELECT 'Paper ' || n FROM generate_series(1, 500) n;
  CREATE VIEW unread AS SELECT id FROM papers WHERE NOT read`;

const dump = (bin: string, url: string, file: string) =>
  execFileSync(
    'bash',
    ['-c', `"${bin}/pg_dump" "${withDatabase(url, `${role}_was`)}" | gzip > ${join(volume, file)}`],
    { stdio: ['ignore', 'ignore', 'inherit'] },
  );

async function restored(file: string, into: string, major: number): Promise<ExternalDump> {
  const place = { kind: 'claim', settings: 'backups' } as const;
  const asked = { operation: 'bs-00000000', service: 'radar', place, directory: 'radar' };
  const { source } = await readDump({
    ...asked,
    from: { file },
    versionTable: 'public.alembic_version',
  });
  const dump = source as ExternalDump;
  await restoreExternal(withDatabase(into, `${role}_is`), { ...dump, ...asked, extensionSchemas: [], major });
  const [was, is] = [await sumOf(into, 'was'), await sumOf(into, 'is')];
  expect(is.parts).toEqual(was.parts);
  return dump;
}

describe.skipIf(!existsSync(join(older.bin, 'postgres')))('a dump of another major version', () => {
  let lab: Lab;
  let server: ChildProcess;
  let olderUrl: string;
  const newer = () => lab.postgres.superuserUrl;

  beforeAll(async () => {
    lab = (await current()) ?? (await up());
    olderUrl = await startOlder();
    for (const url of [olderUrl, newer()]) {
      await run(url, 'postgres', `CREATE ROLE ${role}`);
      for (const name of ['was', 'is'])
        await run(url, 'postgres', `CREATE DATABASE ${role}_${name} OWNER ${role}`);
      await run(url, `${role}_was`, `SET ROLE ${role}; ${schema}`);
    }
    vi.stubEnv('BACKSTEP_BACKUPS', volume);
    vi.stubEnv('PATH', `${lab.postgres.bin}${delimiter}${process.env['PATH']}`);
  });
  afterAll(async () => {
    vi.unstubAllEnvs();
    for (const name of ['was', 'is']) await run(newer(), 'postgres', `DROP DATABASE ${role}_${name}`);
    await run(newer(), 'postgres', `DROP ROLE ${role}`);
    const ended = new Promise((resolve) => server.once('exit', resolve));
    server.kill('SIGINT');
    await ended;
    rmSync(volume, { recursive: true });
  });

  async function startOlder(): Promise<string> {
    const data = join(volume, 'data');
    mkdirSync(data);
    execFileSync('chown', ['-R', 'postgres:postgres', volume]);
    const quietly = { cwd: '/', stdio: 'ignore' } as const;
    const initdb = [join(older.bin, 'initdb'), '-D', data, '-U', 'postgres', '--auth=trust', '-E', 'UTF8'];
    execFileSync('setpriv', [...asPostgres, ...initdb], quietly);
    const port = await freePort();
    const options = ['-p', String(port), '-c', 'listen_addresses=127.0.0.1', '-k', volume, '-c', 'fsync=off'];
    const program = [join(older.bin, 'postgres'), '-D', data, ...options];
    server = spawn('setpriv', [...asPostgres, ...program], quietly);
    const url = `postgresql://postgres@127.0.0.1:${port}/postgres`;
    for (let left = 100; ; left -= 1) {
      try {
        await run(url, 'postgres', 'SELECT 1');
        return url;
      } catch (error) {
        if (left === 0) throw error;
        await pause(100);
      }
    }
  }

  test('of a newer one: an older server gets it without the lines it does not know', async () => {
    dump(lab.postgres.bin, newer(), 'newer.sql.gz');
    // What the runbook's own command would have done.
    expect(() =>
      execFileSync(
        'bash',
        [
          '-c',
          `gunzip -c ${join(volume, 'newer.sql.gz')} | "${older.bin}/psql" -v ON_ERROR_STOP=1 "${withDatabase(olderUrl, `${role}_is`)}"`,
        ],
        { stdio: 'pipe' },
      ),
    ).toThrow(/transaction_timeout|invalid command/);
    const { serverVersion } = await restored('newer.sql.gz', olderUrl, older.major);
    expect(serverVersion).toMatch(/^18/);
  });

  test('of an older one: a newer server gives it back', async () => {
    dump(older.bin, olderUrl, 'older.sql.gz');
    const { serverVersion } = await restored('older.sql.gz', newer(), lab.postgres.major);
    expect(serverVersion).toMatch(/^15/);
  });
});

const run = (url: string, database: string, sql: string) =>
  withClient(withDatabase(url, database), {}, (client) => client.query(sql));

const sumOf = (url: string, name: string) =>
  withClient(withDatabase(url, `${role}_${name}`), {}, (client) => fingerprint(client));

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => probe.once('listening', resolve));
  const { port } = probe.address() as AddressInfo;
  await new Promise((resolve) => probe.close(resolve));
  return port;
}
