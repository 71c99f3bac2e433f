import { setTimeout as pause } from 'node:timers/promises';
import { Client as PostgresClient } from 'pg';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { lower, raise } from '../../src/postgres/fence.ts';
import { catalog, catalogHash, counts } from '../../src/postgres/catalog.ts';
import { cloneDatabase, endCloning, withOpenClone, type Cloning } from '../../src/postgres/clones.ts';
import { quoted, withClient, withDatabase, type Client } from '../../src/postgres/connect.ts';
import { databaseExists } from '../../src/postgres/databases.ts';
import { fingerprint, unlike } from '../../src/postgres/fingerprint.ts';
import { siblingName } from '../../src/domain/names.ts';
import { postgresFixture, type PostgresFixture } from './fixtures/postgres-fixture.ts';

let fixture: PostgresFixture;
let snapshot: string;

beforeAll(async () => {
  fixture = await postgresFixture();
  snapshot = siblingName(fixture.name, 'snapshot', fixture.operation);
  await asAdmin((admin) => raise(admin, fixture));
});
afterAll(() => fixture.remove());

const asAdmin = <T>(use: (admin: Client) => Promise<T>) =>
  withClient(fixture.adminUrl, { operation: fixture.operation }, use);
const on = <T>(database: string, use: (client: Client) => Promise<T>) =>
  withClient(withDatabase(fixture.adminUrl, database), { operation: fixture.operation }, use);
const wanted = (more: Partial<Cloning> = {}): Cloning => ({
  from: fixture.fencedName,
  to: snapshot,
  operation: fixture.operation,
  sourceStays: 'open',
  ...more,
});
const scratch = () => siblingName(fixture.name, 'scratch', fixture.operation);
const opened = <T>(use: (client: Client) => Promise<T>) =>
  withOpenClone(fixture.adminUrl, { database: snapshot, operation: fixture.operation }, use);
const properties = async (database: string) => {
  const client = new PostgresClient({ connectionString: fixture.superuserUrl });
  await client.connect();
  try {
    const { rows } = await client.query<Record<string, unknown>>(
      `SELECT pg_get_userbyid(datdba) AS owner, datallowconn AS open, datconnlimit AS limit, shobj_description(oid, 'pg_database') AS comment,
              (SELECT array_agg(x::text ORDER BY x::text) FROM unnest(datacl) x WHERE x::text !~ '^=') AS grants,
              (SELECT array_agg(x::text) FROM unnest(datacl) x WHERE x::text ~ '^=') AS public,
              (SELECT array_agg(format('%s %s', setrole::regrole, setconfig) ORDER BY setrole) FROM pg_db_role_setting WHERE setdatabase = oid) AS settings
       FROM pg_database WHERE datname = $1`,
      [database],
    );
    return rows[0];
  } finally {
    await client.end();
  }
};

describe('a clone', () => {
  test('holds what its source holds, and is owned, set, granted and commented on like it', async () => {
    await fixture.asSuperuser('postgres', `ALTER DATABASE ${quoted(fixture.fencedName)} CONNECTION LIMIT 17`);
    const cloned = await cloneDatabase(fixture.adminUrl, wanted());
    expect(cloned).toMatchObject({ notes: [], publicPrivileges: ['CONNECT'] });
    expect(cloned.bytes).toBeGreaterThan(8_000_000);
    const [source, clone] = [await properties(fixture.fencedName), await properties(snapshot)];
    expect(clone).toEqual({ ...source, open: false, public: null });
    expect(source).toMatchObject({
      open: true,
      limit: 17,
      public: ['=c/' + fixture.owner],
      owner: fixture.owner,
    });
    expect(await opened(fingerprint)).toEqual(await on(fixture.fencedName, fingerprint));
  });

  test('lets nobody in: not the application at rest, nor other roles while Backstep reads it', async () => {
    const application = new PostgresClient({ connectionString: withDatabase(fixture.url, snapshot) });
    await expect(application.connect()).rejects.toThrow('not currently accepting connections');
    const stranger = `${fixture.owner}_stranger`;
    await fixture.asSuperuser('postgres', `CREATE ROLE ${stranger} LOGIN PASSWORD 'x'`);
    try {
      await opened(async () => {
        const url = new URL(withDatabase(fixture.url, snapshot));
        [url.username, url.password] = [stranger, 'x'];
        const other = new PostgresClient({ connectionString: url.href });
        await expect(other.connect()).rejects.toThrow('permission denied for database');
      });
    } finally {
      await fixture.asSuperuser('postgres', `DROP ROLE ${stranger}`);
    }
    expect(await properties(snapshot)).toMatchObject({ open: false });
  });

  test('is made although a session is left on the source, Backstep’s own included, and the source is open after', async () => {
    const left = new PostgresClient({ connectionString: withDatabase(fixture.url, fixture.fencedName) });
    left.on('error', () => {});
    await left.connect();
    const began = Date.now();
    await on(fixture.fencedName, async () => {
      await cloneDatabase(fixture.adminUrl, wanted({ to: scratch() }));
    });
    expect(Date.now() - began).toBeLessThan(5_000);
    expect(await on(fixture.fencedName, counts)).toMatchObject({ papers: 2_000 });
    await left.end().catch(() => {});
    await fixture.asSuperuser('postgres', `DROP DATABASE ${quoted(scratch())}`);
  });

  test('is never made of the live database, nor under a name that is not Backstep’s', async () => {
    await expect(cloneDatabase(fixture.adminUrl, wanted({ from: 'postgres' }))).rejects.toThrow('own');
    await expect(cloneDatabase(fixture.adminUrl, wanted({ to: 'production' }))).rejects.toThrow('own');
  });

  test('over its time is refused, and nothing of it is left', async () => {
    await expect(cloneDatabase(fixture.adminUrl, wanted({ to: scratch(), within: 1 }))).rejects.toThrow(
      'longer than 0.001 s',
    );
    expect(await asAdmin((admin) => databaseExists(admin, scratch()))).toBe(false);
    expect(await properties(fixture.fencedName)).toMatchObject({ open: true });
  });

  test('that a crashed attempt is still making is ended, so that the database gets its name back', async () => {
    await fixture.asSuperuser(
      fixture.fencedName,
      `CREATE TABLE bulk AS SELECT n, repeat('x', 1000) FROM generate_series(1, 400000) n`,
    );
    const lost = cloneDatabase(fixture.adminUrl, wanted({ to: scratch() })).catch((error: unknown) => error);
    for (let tries = 0; tries < 200; tries += 1) {
      const { rowCount } = await asAdmin((admin) =>
        admin.query(`SELECT FROM pg_stat_activity WHERE state = 'active' AND query LIKE $1`, [
          `CREATE DATABASE ${quoted(scratch())}%`,
        ]),
      );
      if (rowCount) break;
      await pause(5);
    }
    await asAdmin(async (admin) => {
      await endCloning(admin, fixture.operation);
      await lower(admin, fixture);
      await raise(admin, fixture);
    });
    expect(await lost).toMatchObject({ name: 'Failure' });
    expect(await asAdmin((admin) => databaseExists(admin, scratch()))).toBe(false);
    await fixture.asSuperuser(fixture.fencedName, 'DROP TABLE bulk');
  });
});

const drop = () =>
  fixture.asSuperuser('postgres', `DROP DATABASE IF EXISTS ${quoted(scratch())} WITH (FORCE)`);

describe('a fingerprint', () => {
  beforeEach(drop);

  const mutations: [what: string, part: string, sql: string][] = [
    [
      'a row updated in place',
      'table papers',
      `UPDATE papers SET title = 'other' WHERE id = (SELECT min(id) FROM papers)`,
    ],
    [
      'one number in one vector',
      'table papers',
      `UPDATE papers SET embedding = '[1,1,2.0000002]' WHERE id = 1`,
    ],
    ['a value become null', 'table papers', `UPDATE papers SET pages = NULL WHERE id = 7`],
    ['another mood', 'table papers', `UPDATE papers SET mood = 'bad' WHERE id = 7`],
    ['a row less and one more', 'table nothing', `INSERT INTO nothing SELECT`],
    [
      'null become an empty text',
      'table odd "name"',
      `UPDATE "odd ""name""" SET "a column" = '' WHERE paper_id = 3`,
    ],
    [
      'a row moved to another partition',
      'table ledger.entries_2025',
      `UPDATE ledger.entries SET at = '2024-02-02' WHERE at = '2025-02-02'`,
    ],
    [
      'an amount of equal value and other scale',
      'table ledger.entries_2024',
      `UPDATE ledger.entries_2024 SET amount = amount + 0.01 WHERE at = '2024-06-02'`,
    ],
    ['a sequence advanced', 'sequence papers_id_seq', `SELECT nextval('papers_id_seq')`],
    [
      'a sequence set back and not called',
      'sequence papers_id_seq',
      `SELECT setval('papers_id_seq', 2000, false)`,
    ],
    [
      'one byte of a large object',
      'large objects',
      `SELECT lo_put((SELECT oid FROM pg_largeobject_metadata ORDER BY oid DESC LIMIT 1), 1, 'A')`,
    ],
    ['a large object more', 'large objects', `SELECT lo_create(0)`],
    ['a column', 'catalog', `ALTER TABLE papers ADD score int`],
    ['a grant', 'catalog', `REVOKE SELECT ON papers FROM ALL`],
  ];
  test.each(mutations)('differs after %s, and says where', async (_what, part, sql) => {
    const before = await on(fixture.fencedName, fingerprint);
    const statement = sql.replace('FROM ALL', `FROM ${fixture.owner.replace('_app', '_reader')}`);
    await cloneDatabase(fixture.adminUrl, wanted({ to: scratch() }));
    await asAdmin((admin) => admin.query(`ALTER DATABASE ${quoted(scratch())} ALLOW_CONNECTIONS true`));
    const after = await on(scratch(), async (client) => {
      await client.query(statement);
      return fingerprint(client);
    });
    expect(after.sha256).not.toBe(before.sha256);
    expect(unlike(before, after)).toContain(part);
    await drop();
  });

  test('does not depend on the order of rows, nor on the settings of whoever asks', async () => {
    const before = await on(fixture.fencedName, fingerprint);
    const after = await on(fixture.fencedName, async (client) => {
      await client.query(`UPDATE papers SET title = title WHERE id < 900`);
      await client.query(
        `SET datestyle = 'German'; SET timezone = 'Asia/Tokyo'; SET extra_float_digits = -3; SET search_path = ledger`,
      );
      return fingerprint(client);
    });
    expect(after).toEqual(before);
  });

  test('counts as the stop of writes counts, and reads large objects over several pieces', async () => {
    await on(fixture.fencedName, (client) =>
      client.query(`SELECT lo_from_bytea(0, convert_to(repeat('0123456789', 1000000), 'UTF8'))`),
    );
    const found = await on(fixture.fencedName, fingerprint);
    expect(found.counts).toEqual(await on(fixture.fencedName, counts));
    expect(found.parts['catalog']).toBe(
      await on(fixture.fencedName, async (client) => catalogHash(await catalog(client))),
    );
    expect(found.parts['large objects']).toMatch(/^5 /);
    const at = 9_999_999;
    await on(fixture.fencedName, (client) =>
      client.query(`SELECT lo_put((SELECT max(oid) FROM pg_largeobject_metadata), ${at}, 'X')`),
    );
    expect(unlike(found, await on(fixture.fencedName, fingerprint))).toEqual(['large objects']);
  });

  test('that would be taken through row security is refused, never of fewer rows', async () => {
    await on(fixture.fencedName, (client) => client.query('ALTER TABLE papers FORCE ROW LEVEL SECURITY'));
    await expect(on(fixture.fencedName, fingerprint)).rejects.toMatchObject({ type: 'DatabaseRightMissing' });
    await on(fixture.fencedName, (client) => client.query('ALTER TABLE papers NO FORCE ROW LEVEL SECURITY'));
  });
});
