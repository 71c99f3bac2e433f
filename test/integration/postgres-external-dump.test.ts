import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync, existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { revisionIn } from '../../src/migrations/version-table.ts';
import { exampleTool } from '../example-plan.ts';
import { readDump } from '../../src/dumps/read-dump.ts';
import { restoreExternal } from '../../src/activities/restore-new-database/job.ts';
import { withClient, withDatabase, type Client } from '../../src/postgres/connect.ts';
import { createDatabase, dropDatabase } from '../../src/postgres/databases.ts';
import { fingerprint } from '../../src/postgres/fingerprint.ts';
import { siblingName } from '../../src/domain/names.ts';
import type { ExternalDump } from '../../src/domain/plan/source.ts';
import { postgresFixture, type PostgresFixture } from './fixtures/postgres-fixture.ts';

let fixture: PostgresFixture;
let restored: string;
const volume = mkdtempSync(join(tmpdir(), 'given-'));
const at = (name: string) => join(volume, name);

beforeAll(async () => {
  fixture = await postgresFixture();
  restored = siblingName(fixture.name, 'restored', fixture.operation);
  vi.stubEnv('BACKSTEP_BACKUPS', volume);
  vi.stubEnv('PATH', `${fixture.lab.postgres.bin}${delimiter}${process.env['PATH']}`);
  vi.stubEnv('DATABASE_URL', fixture.url);
  mkdirSync(at('dumps'));
  // The runbook's own commands, Step 2 and the checklist.
  bash(`pg_dump "$DATABASE_URL" | gzip > ${at('dumps/backup_20251118.sql.gz')}`);
  bash(`pg_dump "$DATABASE_URL" > ${at('dumps/backup.sql')}`);
  bash(`pg_dump -Fc -Z1 --file=${at('dumps/backup.dump')} "$DATABASE_URL"`);
  bash(`pg_dump --clean --if-exists "$DATABASE_URL" | gzip > ${at('dumps/clean.sql.gz')}`);
});
afterEach(() => asAdmin((admin) => dropDatabase(admin, restored, fixture.operation)));
afterAll(async () => {
  vi.unstubAllEnvs();
  await fixture.remove();
  rmSync(volume, { recursive: true });
});

const bash = (command: string) =>
  execFileSync('bash', ['-c', command], { stdio: ['ignore', 'pipe', 'ignore'] });
const asAdmin = <T>(use: (admin: Client) => Promise<T>) =>
  withClient(fixture.adminUrl, { operation: fixture.operation }, use);
const on = <T>(database: string, use: (client: Client) => Promise<T>) =>
  withClient(withDatabase(fixture.adminUrl, database), { operation: fixture.operation }, use);

const read = async (file: string) => {
  const { source, versionRows, roles } = await readDump({
    operation: fixture.operation,
    service: 'radar',
    place: { kind: 'claim', settings: 'backups' },
    directory: 'radar',
    from: { file },
    versionTable: 'public.alembic_version',
  });
  return { ...(source as ExternalDump), revision: revisionIn(versionRows, exampleTool), roles };
};

async function restore(source: ExternalDump) {
  await asAdmin((admin) =>
    createDatabase(admin, {
      name: restored,
      like: fixture.name,
      extensions: source.installed.map(({ name, schema }) => ({
        name,
        schema: { owner: fixture.owner, ...schema },
      })),
      adminUrl: fixture.adminUrl,
      extensionAdminUrl: fixture.superuserUrl,
      operation: fixture.operation,
    }),
  );
  return restoreExternal(withDatabase(fixture.adminUrl, restored), {
    ...source,
    operation: fixture.operation,
    place: { kind: 'claim', settings: 'backups' },
    extensionSchemas: source.installed.map(({ schema }) => schema.name).filter((name) => name !== 'public'),
    major: fixture.lab.postgres.major,
  });
}

describe('a dump that somebody made by the runbook’s own command', () => {
  test('is read in full: revision, rows of every table, extensions, sequences, roles', async () => {
    expect(await read('dumps/backup_20251118.sql.gz')).toMatchObject({
      kind: 'file',
      format: 'plain-gzip',
      revision: '0005',
      counts: {
        papers: 2_000,
        'odd "name"': 100,
        nothing: 7,
        'ledger.entries_2024': 213,
        'ledger.entries_2025': 187,
        alembic_version: 1,
      },
      installed: [{ name: 'vector', schema: { name: 'tools' } }],
      sequences: { 'public.papers_id_seq': '2000 called' },
      serverVersion: expect.stringMatching(`^${fixture.lab.postgres.major}`) as string,
      roles: expect.arrayContaining([fixture.owner]) as string[],
    });
  });

  test.each(['backup_20251118.sql.gz', 'backup.sql', 'backup.dump', 'clean.sql.gz'])(
    'gives back everything, %s: rows, schema, owners, grants, sequences, large objects',
    async (file) => {
      await restore(await read(`dumps/${file}`));
      const [was, is] = [await on(fixture.name, fingerprint), await on(restored, fingerprint)];
      expect(is.parts).toEqual(was.parts);
    },
  );
});

describe('a dump that is not whole, which neither the pipeline nor gzip -t tells', () => {
  test('of a pg_dump that was ended in the middle: the pipeline and gzip -t say 0, and it is found', async () => {
    bash(`pg_dump "$DATABASE_URL" | head -c 90000 | gzip > ${at('dumps/killed.sql.gz')}`);
    bash(`gzip -t ${at('dumps/killed.sql.gz')}`);
    await expect(read('dumps/killed.sql.gz')).rejects.toMatchObject({
      type: 'SourceUnusable',
      message: expect.stringMatching(/it ends within the rows of table|its last line is missing/) as string,
    });
  });

  test.each([0.02, 0.3, 0.6, 0.9, 0.999])('cut at %d of its length', async (part) => {
    for (const file of ['backup_20251118.sql.gz', 'backup.sql', 'backup.dump']) {
      const whole = readFileSync(at(`dumps/${file}`));
      writeFileSync(at('dumps/cut'), whole.subarray(0, Math.floor(whole.length * part)));
      await expect(read('dumps/cut'), file).rejects.toMatchObject({ type: 'SourceUnusable' });
    }
  });

  test('cut after it was read: the new database is not taken for restored', async () => {
    const source = await read('dumps/backup_20251118.sql.gz');
    const whole = readFileSync(at(source.file));
    writeFileSync(at('dumps/cut.sql.gz'), whole.subarray(0, whole.length - 2_000));
    await expect(restore({ ...source, file: 'dumps/cut.sql.gz' })).rejects.toMatchObject({
      type: 'RestoreFailed',
      message: expect.stringContaining('unexpected end of file') as string,
    });
  });

  test('changed after it was read: refused by its SHA-256', async () => {
    const source = await read('dumps/backup_20251118.sql.gz');
    const sql = gunzipSync(readFileSync(at(source.file))).toString();
    writeFileSync(at('dumps/changed.sql.gz'), gzipSync(sql.replace('Paper\\t1\\n', 'Paper\\t9\\n')));
    await expect(restore({ ...source, file: 'dumps/changed.sql.gz' })).rejects.toMatchObject({
      message: expect.stringContaining('has changed: its SHA-256 is') as string,
    });
  });

  test.each([
    ['nothing', '', 'is empty'],
    ['something else', 'PK\u0003\u0004 a zip', 'is no dump of pg_dump'],
    ['SQL of somebody', '-- hello\nCREATE TABLE a ();\n', 'there is none of its comments'],
    ['a whole server', '--\n-- PostgreSQL database cluster dump\n--\n', 'a whole server'],
  ])('%s is refused', async (_name, content, says) => {
    writeFileSync(at('dumps/other'), content);
    await expect(read('dumps/other')).rejects.toMatchObject({
      type: 'SourceUnusable',
      message: expect.stringContaining(says) as string,
    });
  });

  test('a path at which there is nothing is named', async () => {
    await expect(read('dumps/none.sql.gz')).rejects.toMatchObject({
      message: expect.stringContaining('There is no file dumps/none.sql.gz') as string,
    });
  });
});

const edited = async (edit: (sql: string) => string) => {
  writeFileSync(at('dumps/edited.sql'), edit(readFileSync(at('dumps/backup.sql'), 'utf8')));
  return read('dumps/edited.sql');
};

describe('a dump that does not fit', () => {
  test('the first error of psql ends it, and is told', async () => {
    const source = await edited((sql) => sql.replace('CREATE VIEW', 'CREATE VIEWING'));
    await expect(restore(source)).rejects.toMatchObject({
      type: 'RestoreFailed',
      message: expect.stringMatching(
        /psql ended with status 3.*syntax error at or near "VIEWING"/s,
      ) as string,
    });
  });

  test('commands of psql in it are not run', async () => {
    const touched = at('touched');
    const source = await edited((sql) => sql.replace('CREATE VIEW', `\\! touch ${touched}\nCREATE VIEW`));
    await expect(restore(source)).rejects.toMatchObject({ type: 'RestoreFailed' });
    expect(existsSync(touched)).toBe(false);
  });

  test('one that leads to another database by \\connect is refused when it is read', async () => {
    bash(`pg_dump --create "$DATABASE_URL" > ${at('dumps/create.sql')}`);
    await expect(read('dumps/create.sql')).rejects.toMatchObject({
      message: expect.stringContaining('--create') as string,
    });
  });
});
