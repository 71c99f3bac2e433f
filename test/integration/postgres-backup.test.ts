import {
  chmodSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { backUp } from '../../src/activities/back-up/job.ts';
import { clientProgram } from '../../src/dumps/clients.ts';
import type { Digest } from '../../src/dumps/digest.ts';
import { holdings } from '../../src/dumps/holdings.ts';
import { prove } from '../../src/dumps/read-back.ts';
import { restore } from '../../src/activities/restore/job.ts';
import { check } from '../../src/dumps/fill.ts';
import { lower, raise } from '../../src/postgres/fence.ts';
import { catalog, catalogHash, counts } from '../../src/postgres/catalog.ts';
import { quoted, withClient, withDatabase, type Client } from '../../src/postgres/connect.ts';
import { createDatabase, swap } from '../../src/postgres/databases.ts';
import { carryOver } from '../../src/postgres/properties.ts';
import { inSnapshot } from '../../src/postgres/tables.ts';
import type { BackUpArguments } from '../../src/dumps/manifest.ts';
import { siblingName } from '../../src/domain/names.ts';
import { postgresFixture, type PostgresFixture } from './fixtures/postgres-fixture.ts';
import type { Backup } from '../../src/domain/backup.ts';

let fixture: PostgresFixture;
let backup: Backup;
const volume = mkdtempSync(join(tmpdir(), 'backups-'));
const service = 'radar';

beforeAll(async () => {
  fixture = await postgresFixture();
  vi.stubEnv('BACKSTEP_BACKUPS', volume);
  vi.stubEnv('PATH', `${fixture.lab.postgres.bin}${delimiter}${process.env['PATH']}`);
  backup = await backUp(fixture.url, wanted(1));
});
afterAll(async () => {
  vi.unstubAllEnvs();
  await fixture.remove();
  rmSync(volume, { recursive: true });
});

const place = { kind: 'claim', settings: 'backups' } as const;
const wanted = (tried: number): BackUpArguments => ({
  service,
  operation: fixture.operation,
  try: tried,
  place,
  directory: service,
  format: 'custom',
  jobs: 2,
  compression: { method: 'gzip' },
  proof: 'read',
  keepFor: 1_000,
});
const asAdmin = <T>(use: (admin: Client) => Promise<T>) =>
  withClient(fixture.adminUrl, { operation: fixture.operation }, use);
const on = <T>(database: string, use: (client: Client) => Promise<T>) =>
  withClient(withDatabase(fixture.adminUrl, database), { operation: fixture.operation }, use);
const files = () => readdirSync(join(volume, service)).toSorted();

describe('back-up', () => {
  test('holds every row of every table, and says what it is', async () => {
    expect(backup).toMatchObject({
      file: `${service}/${fixture.operation}-1.dump`,
      store: 'volume claim backups',
      counts: await on(fixture.name, counts),
      extensions: ['vector'],
      client: expect.stringContaining(`(PostgreSQL) ${fixture.lab.postgres.major}`) as string,
      proof: 'read',
    });
    expect(backup.bytes).toBe(statSync(join(volume, backup.file)).size);
    expect(files()).toEqual([`${fixture.operation}-1.dump`, `${fixture.operation}-1.json`]);
    const manifest = JSON.parse(readFileSync(join(volume, backup.manifest), 'utf8')) as {
      backup: Backup;
      largeObjects: number;
    };
    expect(manifest.backup).toEqual(backup);
    expect(manifest.largeObjects).toBe(2);
    await expect(check({ operation: fixture.operation, place, ...backup })).resolves.toEqual({
      sha256: backup.sha256,
    });
  });

  test('that was finished is found again, not made again', async () => {
    const { mtimeMs } = statSync(join(volume, backup.file));
    expect(await backUp(fixture.url, wanted(1))).toEqual(backup);
    expect(statSync(join(volume, backup.file)).mtimeMs).toBe(mtimeMs);
  });

  test('by two at once is made once', async () => {
    const [one, two] = await Promise.all([backUp(fixture.url, wanted(2)), backUp(fixture.url, wanted(2))]);
    expect(two).toEqual(one);
  });

  test('whose pg_dump is killed is no backup', async () => {
    const bin = mkdtempSync(join(tmpdir(), 'bin-'));
    const real = join(fixture.lab.postgres.bin, 'pg_dump');
    writeFileSync(
      join(bin, 'pg_dump'),
      `#!/bin/sh\n[ "$1" = --version ] && exec ${real} --version\n${real} "$@" & sleep 0.05; kill -9 $!; kill -9 $$\n`,
    );
    chmodSync(join(bin, 'pg_dump'), 0o755);
    vi.stubEnv('PATH', `${bin}${delimiter}${process.env['PATH']}`);
    await expect(backUp(fixture.url, wanted(3))).rejects.toMatchObject({
      type: 'BackupFailed',
      message: expect.stringContaining('killed by SIGKILL') as string,
    });
    expect(files().filter((name) => name.includes(`${fixture.operation}-3`))).toEqual([]);
    vi.stubEnv('PATH', `${fixture.lab.postgres.bin}${delimiter}${process.env['PATH']}`);
    rmSync(bin, { recursive: true });
  });

  test('needs a client of the server’s own major', async () => {
    await expect(clientProgram('pg_dump', 9, 'BackupFailed')).rejects.toMatchObject({
      type: 'BackupFailed',
      message: expect.stringMatching(/PostgreSQL 9.*Found: .*pg_dump.*\(PostgreSQL\) \d+/) as string,
    });
  });
});

async function proved(file: string): Promise<Digest> {
  const held = await on(fixture.name, (client) => inSnapshot(client, () => holdings(client, 'read')));
  const { path } = await clientProgram('pg_restore', fixture.lab.postgres.major, 'BackupFailed');
  return (await prove(path, { path: file }, held, fixture.operation)).digest;
}

function copyOf(name: string): string {
  const file = join(volume, name);
  writeFileSync(file, readFileSync(join(volume, backup.file)));
  return file;
}

describe('proof', () => {
  test('fails for a file cut short, at whatever place', async () => {
    for (const part of [0.02, 0.3, 0.6, 0.9, 0.999]) {
      const file = copyOf(`cut-${part}`);
      truncateSync(file, Math.floor(backup.bytes * part));
      await expect(proved(file)).rejects.toMatchObject({ type: 'BackupNotProved' });
    }
  });

  test('fails for a byte that changed within the data', async () => {
    const file = copyOf('flipped');
    const bytes = readFileSync(file);
    const at = Math.floor(bytes.length * 0.7);
    bytes[at] = (bytes[at] ?? 0) ^ 0xff;
    writeFileSync(file, bytes);
    await expect(proved(file)).rejects.toMatchObject({ type: 'BackupNotProved' });
    await expect(
      check({ ...backup, operation: fixture.operation, place, file: 'flipped' }),
    ).rejects.toMatchObject({
      type: 'BackupNotProved',
    });
  });

  test('fails for one row more or less than the database held', async () => {
    const file = join(volume, backup.file);
    await expect(proved(file)).resolves.toMatchObject({ sha256: backup.sha256 });
    await on(fixture.name, (client) => client.query('INSERT INTO nothing DEFAULT VALUES'));
    await expect(proved(file)).rejects.toMatchObject({
      message: expect.stringContaining('table nothing: 7 rows in the dump, 8 in the database') as string,
    });
    await on(fixture.name, (client) =>
      client.query('DELETE FROM nothing WHERE ctid = (SELECT max(ctid) FROM nothing)'),
    );
  });
});

describe('restore', () => {
  test('gives back everything: rows, schema, owners, grants, settings; and keeps the other database', async () => {
    const before = await on(fixture.name, async (client) => ({
      hash: catalogHash(await catalog(client)),
      counts: await counts(client),
      sum: await sums(client),
    }));
    const restored = siblingName(fixture.name, 'restored', fixture.operation);
    const failed = siblingName(fixture.name, 'failed', fixture.operation);
    await asAdmin((admin) => raise(admin, fixture));
    const properties = await asAdmin((admin) => ofDatabase(admin, fixture.fencedName));
    await on(fixture.fencedName, (client) =>
      client.query('DELETE FROM papers WHERE id > 1000; DROP VIEW recent'),
    );
    const notes = await asAdmin(async (admin) => {
      await createDatabase(admin, {
        name: restored,
        like: fixture.fencedName,
        extensions: backup.installed ?? [],
        adminUrl: fixture.adminUrl,
        extensionAdminUrl: fixture.superuserUrl,
        operation: fixture.operation,
      });
      return carryOver(admin, fixture.fencedName, restored);
    });
    expect(notes).toEqual([]);
    const { differences, counts: filled } = await restore(withDatabase(fixture.adminUrl, restored), {
      operation: fixture.operation,
      place,
      jobs: 2,
      ...backup,
    });
    expect(differences).toEqual([]);
    expect(filled).toEqual(backup.counts);
    await asAdmin(async (admin) => {
      await swap(admin, [
        { from: fixture.fencedName, to: failed },
        { from: restored, to: fixture.fencedName },
      ]);
      expect(await ofDatabase(admin, fixture.fencedName)).toEqual(properties);
      await lower(admin, fixture);
    });
    await on(fixture.name, async (client) => {
      expect(catalogHash(await catalog(client))).toBe(before.hash);
      expect(await counts(client)).toEqual(before.counts);
      expect(await sums(client)).toEqual(before.sum);
    });
    expect(await on(failed, counts)).toMatchObject({ papers: 1_000 });
  });

  test('names what the admin may not carry over, with the command', async () => {
    const reader = fixture.owner.replace('_app', '_reader');
    await fixture.asSuperuser(
      'postgres',
      `ALTER ROLE ${reader} IN DATABASE ${quoted(fixture.name)} SET work_mem TO '5MB'`,
    );
    const notes = await asAdmin((admin) =>
      carryOver(admin, fixture.name, siblingName(fixture.name, 'failed', fixture.operation)),
    );
    expect(notes).toEqual([
      expect.stringMatching(`permission denied.*ALTER ROLE "${reader}" IN DATABASE .* SET work_mem TO '5MB'`),
    ]);
  });

  test('of a dump that changed does not begin', async () => {
    const changed = { ...backup, sha256: '0'.repeat(64) };
    await expect(
      restore('postgresql://nobody@127.0.0.1:1/x', {
        operation: fixture.operation,
        place,
        jobs: 2,
        ...changed,
      }),
    ).rejects.toMatchObject({
      type: 'BackupNotProved',
    });
  });
});

/** A checksum over the contents of each table, in the order of its rows' text. */
async function sums(client: Client): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  for (const table of ['papers', '"odd ""name"""', 'ledger.entries', 'alembic_version']) {
    const { rows } = await client.query<{ sum: string }>(
      `SELECT md5(string_agg(t::text, '|' ORDER BY t::text COLLATE "C")) AS sum FROM ${table} t`,
    );
    found[table] = rows[0]?.sum ?? '';
  }
  return found;
}

/** What belongs to a database and not to its contents. */
async function ofDatabase(admin: Client, name: string): Promise<unknown> {
  const { rows } = await admin.query(
    `SELECT pg_get_userbyid(datdba) AS owner, encoding, datlocprovider, datcollate, datctype, datlocale, dattablespace, datconnlimit,
       shobj_description(oid, 'pg_database') AS comment,
       (SELECT array_agg(x::text ORDER BY x::text) FROM aclexplode(datacl) x) AS privileges,
       (SELECT array_agg(setrole::text || setconfig::text ORDER BY setrole) FROM pg_db_role_setting WHERE setdatabase = oid) AS settings
     FROM pg_database WHERE datname = $1`,
    [name],
  );
  return rows[0];
}
