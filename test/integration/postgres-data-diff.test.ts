import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { dataDiff } from '../../src/activities/data-diff/job.ts';
import { quoted } from '../../src/postgres/connect.ts';
import { siblingName } from '../../src/domain/names.ts';
import { describeTable } from '../../src/domain/data-diff.ts';
import { postgresFixture, type PostgresFixture } from './fixtures/postgres-fixture.ts';

let fixture: PostgresFixture;
let restored: string;

beforeAll(async () => {
  fixture = await postgresFixture();
  restored = siblingName(fixture.name, 'restored', fixture.operation);
  await fixture.asSuperuser(
    fixture.name,
    `CREATE TABLE events (id int PRIMARY KEY, updated_at timestamptz NOT NULL, what text);
     INSERT INTO events SELECT n, timestamptz '2025-11-18 00:00Z' + n * interval '1 second', 'e' FROM generate_series(1, 50000) n;
     CREATE TABLE gone (id int PRIMARY KEY); INSERT INTO gone VALUES (1), (2), (3);
     CREATE TABLE empty_and_gone (id int PRIMARY KEY);
     ALTER TABLE events OWNER TO ${fixture.owner}; ALTER TABLE gone OWNER TO ${fixture.owner}; ALTER TABLE empty_and_gone OWNER TO ${fixture.owner}`,
  );
  await fixture.asSuperuser(
    'postgres',
    `CREATE DATABASE ${quoted(restored)} TEMPLATE ${quoted(fixture.name)} OWNER ${fixture.owner}`,
  );
});
afterAll(() => fixture.remove());

const compare = () =>
  dataDiff(fixture.adminUrl, {
    operation: fixture.operation,
    now: fixture.name,
    restored,
    toolTables: ['alembic_version'],
  });

describe('what a database holds and a restored one does not', () => {
  test('nothing, where both are equal row by row: odd names, vectors, partitions, tables without columns', async () => {
    expect(await compare()).toMatchObject({ tables: [], equal: 8, lostRows: 0, loses: false });
  });

  test('each kind of difference, by primary key; the version table tells no loss', async () => {
    await fixture.asSuperuser(
      restored,
      'DROP TABLE gone, empty_and_gone; ALTER TABLE papers DROP COLUMN mood',
    );
    await fixture.asSuperuser(
      fixture.name,
      `INSERT INTO events VALUES (60001, '2025-11-19 12:00Z', 'new'), (60002, '2025-11-19 13:00Z', 'new');
       UPDATE events SET what = 'changed' WHERE id IN (7, 8, 9);
       DELETE FROM events WHERE id = 20;
       INSERT INTO nothing DEFAULT VALUES;
       UPDATE "odd ""name""" SET "a column" = 'other' WHERE paper_id = 3;
       INSERT INTO ledger.entries VALUES ('2025-02-03', 1, 'since');
       UPDATE alembic_version SET version_num = '0006'`,
    );
    const found = await compare();
    const lines = found.tables.map(describeTable);
    expect(lines).toEqual(
      expect.arrayContaining([
        'LOST: events: 50,001 rows now, 50,000 restored, 2 rows only in the database as it is now, 3 rows different, 1 row only in the restored one; newest updated_at: 2025-11-19 13:00:00+00 now, 2025-11-18 13:53:20+00 restored',
        'LOST: gone: 3 rows now, and the table is not in it',
        'empty_and_gone: 0 rows now, and the table is not in it',
        'LOST: papers: 2,000 rows now, 2,000 restored, column mood with 2,000 values',
        'LOST: nothing: 8 rows now, 7 restored, 1 row only in the database as it is now',
        // Without a primary key a changed row is one here and another there.
        'LOST: odd "name": 100 rows now, 100 restored, 1 row only in the database as it is now, 1 row only in the restored one',
      ]),
    );
    expect(lines.find((line) => line.includes('ledger.entries_2025'))).toContain(
      '1 row only in the database as it is now',
    );
    expect(lines.join('\n')).not.toContain('alembic_version');
    expect(found).toMatchObject({ lostRows: 11, loses: true });
    expect(found.tables[0]?.table).toBe('events');
  });

  test('rows that only the restored one has are no loss', async () => {
    const other = siblingName(fixture.name, 'scratch', fixture.operation);
    await fixture.asSuperuser(
      'postgres',
      `CREATE DATABASE ${quoted(other)} TEMPLATE ${quoted(fixture.name)} OWNER ${fixture.owner}`,
    );
    await fixture.asSuperuser(other, `INSERT INTO events VALUES (70000, now(), 'only there')`);
    const found = await dataDiff(fixture.adminUrl, {
      operation: fixture.operation,
      now: fixture.name,
      restored: other,
      toolTables: ['alembic_version'],
    });
    expect(found).toMatchObject({
      lostRows: 0,
      loses: false,
      tables: [{ table: 'events', onlyRestored: 1 }],
    });
  });
});
