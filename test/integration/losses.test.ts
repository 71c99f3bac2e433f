import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { cloneDatabase, openClone } from '../../src/postgres/clones.ts';
import { withClient, withDatabase } from '../../src/postgres/connect.ts';
import { dropDatabase } from '../../src/postgres/databases.ts';
import { losses } from '../../src/postgres/losses/losses.ts';
import { transactionOf } from '../../src/migrations/version-table.ts';
import { youngestTransaction } from '../../src/postgres/losses/contents.ts';
import { exampleTool } from '../example-plan.ts';
import { raise } from '../../src/postgres/fence.ts';
import { siblingName } from '../../src/domain/names.ts';
import type { Loss } from '../../src/domain/rehearsal.ts';
import { postgresFixture, type PostgresFixture } from './fixtures/postgres-fixture.ts';

let fixture: PostgresFixture;
let copy: string;

beforeAll(async () => {
  fixture = await postgresFixture();
  copy = siblingName(fixture.name, 'rehearsal', fixture.operation);
  await onDatabase(fixture.name, schema);
  await withClient(fixture.adminUrl, { operation: fixture.operation }, (admin) => raise(admin, fixture));
});
afterAll(() => fixture.remove());
beforeEach(async () => {
  await withClient(fixture.adminUrl, { operation: fixture.operation }, (admin) =>
    dropDatabase(admin, copy, fixture.operation),
  );
});

/** As the migration made it, and as it was used afterwards: three of the rows were written since. */
const schema = `
  BEGIN;
  CREATE TABLE scores (paper bigint, criterion text, value float8, PRIMARY KEY (paper, criterion));
  INSERT INTO scores SELECT n, 'relevance', n / 10.0 FROM generate_series(1, 50) n;
  CREATE TABLE notes (id int PRIMARY KEY, title text, label varchar(40), weight float8, rating int, upper text GENERATED ALWAYS AS (upper(title)) STORED);
  INSERT INTO notes (id, title, label, weight, rating)
    SELECT n, 'Note ' || n, 'label number ' || n, CASE WHEN n <= 30 THEN n ELSE n + 0.5 END, NULLIF(n % 10, 0) FROM generate_series(1, 100) n;
  CREATE TABLE loose (what text, amount int);
  INSERT INTO loose SELECT 'thing ' || n % 7, n % 3 FROM generate_series(1, 60) n;
  CREATE TABLE empty (id int);
  UPDATE alembic_version SET version_num = '0006';
  COMMIT;
  INSERT INTO scores VALUES (51, 'relevance', 1), (52, 'relevance', 2);
  UPDATE notes SET rating = 9 WHERE id = 10;`;

const onDatabase = (database: string, sql: string) =>
  withClient(withDatabase(fixture.url, database), { operation: fixture.operation }, (client) =>
    client.query(sql),
  );

/** What is lost where the copy goes through this. */
async function lostBy(downgrade: string): Promise<Loss[]> {
  const { operation } = fixture;
  await cloneDatabase(fixture.adminUrl, {
    from: fixture.fencedName,
    to: copy,
    operation,
    sourceStays: 'open',
  });
  await withClient(fixture.adminUrl, { operation }, (admin) => openClone(admin, copy));
  const on = (database: string) => withDatabase(fixture.url, database);
  const boundary = await withClient(on(copy), { operation }, youngestTransaction);
  await onDatabase(copy, downgrade);
  return withClient(on(fixture.fencedName), { operation }, async (before) => {
    const since = await transactionOf(before, exampleTool, '0006');
    return withClient(on(copy), { operation }, (after) => losses(before, after, { boundary, since }));
  });
}

describe('what is lost is measured, not read from names', () => {
  test('a dropped table: its rows, and how many were written since the migration', async () => {
    expect(await lostBy('DROP TABLE scores; DROP TABLE empty')).toEqual([
      { kind: 'table', object: 'scores', rows: 52, writtenSince: 2 },
    ]);
  });

  test('a dropped column: its values; a computed one and one without values are no loss', async () => {
    expect(
      await lostBy(
        'ALTER TABLE notes DROP COLUMN rating, DROP COLUMN upper; ALTER TABLE papers DROP COLUMN words',
      ),
    ).toEqual([{ kind: 'column', object: 'notes.rating', rows: 91, values: 91, writtenSince: 1 }]);
  });

  test('a column dropped and made anew under its name is lost', async () => {
    expect(
      await lostBy('ALTER TABLE notes DROP COLUMN rating; ALTER TABLE notes ADD COLUMN rating int'),
    ).toMatchObject([{ kind: 'column', object: 'notes.rating', values: 91 }]);
  });

  test('a narrowed varchar: the values that were cut', async () => {
    expect(
      await lostBy('ALTER TABLE notes ALTER COLUMN label TYPE varchar(14) USING left(label, 14)'),
    ).toEqual([{ kind: 'values', object: 'notes.label', rows: 91, values: 91, writtenSince: 1 }]);
  });

  test('float to integer: the values that had a fraction, and no others', async () => {
    expect(await lostBy('ALTER TABLE notes ALTER COLUMN weight TYPE int')).toEqual([
      { kind: 'values', object: 'notes.weight', rows: 70, values: 70, writtenSince: 0 },
    ]);
  });

  test('a wider type loses nothing, nor does a default filled in', async () => {
    expect(
      await lostBy(
        `ALTER TABLE notes ALTER COLUMN rating TYPE bigint, ALTER COLUMN label TYPE text; UPDATE notes SET rating = 0 WHERE rating IS NULL`,
      ),
    ).toEqual([]);
  });

  test('rows deleted from a table that stays, and values changed in the others', async () => {
    expect(
      await lostBy(`DELETE FROM notes WHERE id <= 12; UPDATE notes SET title = 'gone' WHERE id > 95`),
    ).toEqual([
      { kind: 'rows', object: 'notes', rows: 12, writtenSince: 1 },
      { kind: 'values', object: 'notes.title', rows: 5, values: 5, writtenSince: 0 },
    ]);
  });

  test('rows deleted and others put in their place are still gone', async () => {
    expect(
      await lostBy(`DELETE FROM notes WHERE id <= 3; INSERT INTO notes (id) VALUES (1001), (1002), (1003)`),
    ).toEqual([{ kind: 'rows', object: 'notes', rows: 3, writtenSince: 0 }]);
  });

  test('a renamed column or table is no loss; nor is one copied by hand', async () => {
    expect(
      await lostBy(`
        ALTER TABLE notes RENAME COLUMN rating TO stars; ALTER TABLE scores RENAME TO points;
        ALTER TABLE notes ADD COLUMN heading text; UPDATE notes SET heading = title; ALTER TABLE notes DROP COLUMN title CASCADE;
        CREATE TABLE things AS SELECT * FROM loose; DROP TABLE loose`),
    ).toEqual([]);
  });

  test('a copy by hand that mixes the rows up is a loss', async () => {
    expect(
      await lostBy(`
        ALTER TABLE notes ADD COLUMN heading text; UPDATE notes SET heading = 'Note ' || (101 - id);
        ALTER TABLE notes DROP COLUMN title CASCADE`),
    ).toMatchObject([{ kind: 'column', object: 'notes.title', values: 100 }]);
  });

  test('a table without primary key: rows, and values that are found fewer times', async () => {
    expect(await lostBy(`UPDATE loose SET amount = 0 WHERE amount = 2`)).toEqual([
      { kind: 'values', object: 'loose.amount', rows: 20, values: 20 },
    ]);
  });
  test('a table without primary key from which rows are deleted', async () => {
    expect(await lostBy(`DELETE FROM loose WHERE amount = 2`)).toEqual([
      { kind: 'rows', object: 'loose', rows: 20 },
    ]);
  });

  test('a partitioned table is told as a whole; one partition by itself', async () => {
    expect(await lostBy('DROP TABLE ledger.entries')).toMatchObject([
      { kind: 'table', object: 'ledger.entries', rows: 400 },
    ]);
  });
  test('a partition dropped, a column of all of them, and a partition detached', async () => {
    const [partition, ...others] = await lostBy(
      'ALTER TABLE ledger.entries DROP COLUMN note; DROP TABLE ledger.entries_2025',
    );
    expect(partition).toMatchObject({ kind: 'column', object: 'ledger.entries.note' });
    expect(others).toMatchObject([{ kind: 'table', object: 'ledger.entries_2025', rows: 187 }]);
  });

  test('large objects that are removed, whatever others are made meanwhile', async () => {
    // The fixture has two.
    expect(
      await lostBy(`SELECT lo_create(0); SELECT lo_unlink(min(oid)) FROM pg_largeobject_metadata`),
    ).toEqual([{ kind: 'large objects', object: 'large objects', rows: 1 }]);
  });

  test('no change, no loss; vacuuming, reindexing and clustering are none', async () => {
    expect(await lostBy('VACUUM FULL notes')).toEqual([]);
  });
});

/** The migration, as it is known after something else was done. */
const known = (sql: string, revision = '0006') =>
  withClient(
    withDatabase(fixture.url, fixture.fencedName),
    { operation: fixture.operation },
    async (client) => {
      await client.query('BEGIN');
      await client.query(sql);
      const found = await transactionOf(client, exampleTool, revision);
      await client.query('ROLLBACK');
      return found;
    },
  );

test('rows written since are not told where that cannot be known', async () => {
  expect(await known('SELECT 1')).toMatch(/^\d+$/);
  expect(await known('SELECT 1', '0005')).toBeUndefined();
  expect(await known(`INSERT INTO alembic_version VALUES ('other')`)).toBeUndefined();
  expect(await known('DELETE FROM alembic_version')).toBeUndefined();
  // As pg_restore leaves it: the rows first, the index afterwards.
  expect(await known('CREATE INDEX later ON alembic_version (version_num)')).toBeUndefined();
});
