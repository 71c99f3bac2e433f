import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { column, papers, salvageFixture, table, type SalvageFixture } from './fixtures/salvage-fixture.ts';

let fixture: SalvageFixture;

beforeAll(async () => {
  fixture = await salvageFixture();
});
beforeEach(() => fixture.fresh());
afterAll(() => fixture.remove());

/** A value of each type, among them those that a text form could lose. */
const typed: [name: string, type: string, value: string][] = [
  ['mood', 'mood', `'go''od'`],
  ['moods', 'mood[]', `ARRAY['', 'bad', NULL]::mood[]`],
  ['j', 'jsonb', `'{"a": [1, null, "x\\\\"]}'`],
  ['js', 'json', `'{"b":1,  "b":2}'`],
  ['e', 'vector(3)', `'[1,2.5,-3]'`],
  ['b', 'bytea', `'\\x00ff5c'`],
  ['n', 'numeric', `'NaN'`],
  ['r', 'real', `'-Infinity'`],
  ['f', 'float8', `'-0'`],
  ['we\'"ird \\ näme', 'text', `E'\\\\.\\n\\t:x \\'"$$'`],
  ['c', 'char(5)', `'ab'`],
  ['v', 'varchar(9)', `''`],
  ['bo', 'boolean', 'true'],
  ['ts', 'timestamptz', `'infinity'`],
  ['tz', 'timestamp', `'0044-03-15 12:00:00.000001 BC'`],
  ['i', 'interval', `'-1 mon +2 days -03:04:05.678'`],
  ['nr', 'numrange', `'(1.5,]'`],
  ['ip', 'inet', `'10.0.0.1/8'`],
  ['bits', 'bit(3)', `B'101'`],
  ['cash', 'money', `'1234.56'`],
  ['pair', 'pair', `ROW(1, 'a,"b')`],
  ['grid', 'text[][]', `ARRAY[['a', NULL], ['', 'NULL']]`],
  ['positive', 'positive', '3'],
  ['ch', '"char"', `'x'`],
  ['tsv', 'tsvector', `'fat:1A cat'`],
  ['u', 'uuid[]', 'ARRAY[gen_random_uuid()]'],
];
const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`;
const odd = 'odd "table"';
const other = 'ünïcode;--\n\\! x';

describe('salvage, and put back', () => {
  test('a dropped table and a dropped column, with the rows written since', async () => {
    await fixture.sql(papers);
    const { result, said } = await fixture.roundTrip({
      upgrade: `ALTER TABLE papers ADD score float8;
        CREATE TABLE scores (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, paper_id bigint NOT NULL REFERENCES papers,
          value float8, doubled float8 GENERATED ALWAYS AS (value * 2) STORED)`,
      written: `UPDATE papers SET score = CASE id % 5 WHEN 0 THEN 'NaN' WHEN 1 THEN '-Infinity' WHEN 2 THEN NULL ELSE id / 3.0 END;
        INSERT INTO scores (paper_id, value) SELECT id, score FROM papers; DELETE FROM scores WHERE id > 55`,
      downgrade: `DROP TABLE scores; ALTER TABLE papers DROP score`,
      losses: [column('papers.score', 60, 48), table('scores', 55)],
    });
    expect(result).toMatchObject({
      salvaged: [
        { object: 'papers.score', rows: 60 },
        { object: 'scores', rows: 55 },
      ],
      lost: [],
      notes: [],
    });
    expect(said).toContain('public.scores: 55 rows in the file, 55 inserted');
    expect(await fixture.sql(`INSERT INTO scores (paper_id) VALUES (1) RETURNING id`)).toEqual([
      { id: '61' },
    ]);
    expect(result.saved?.statements).toContain('backstep_put_back');
    expect(result.saved?.statements).not.toContain('Paper');
  });

  test('values of every kind: enums, arrays, jsonb, vectors, bytes, NaN, empty strings and NULL', async () => {
    const made = typed.map(([name, type]) => `${quoted(name)} ${type}`);
    const names = typed.map(([name]) => quoted(name)).join(', ');
    await fixture.sql(`CREATE TABLE ${quoted(odd)} ("a key" uuid, "and\nanother" date, PRIMARY KEY ("and\nanother", "a key"));
      INSERT INTO ${quoted(odd)} SELECT gen_random_uuid(), date '2024-02-28' + n FROM generate_series(1, 40) n`);
    const { result } = await fixture.roundTrip({
      upgrade: `CREATE TYPE mood AS ENUM ('bad', 'go''od', ''); CREATE TYPE pair AS (a integer, b text);
        CREATE DOMAIN positive AS integer CHECK (VALUE > 0);
        ALTER TABLE ${quoted(odd)} ${made.map((each) => `ADD ${each}`).join(', ')};
        CREATE TABLE ${quoted(other)} (id serial PRIMARY KEY, ${made.join(', ')})`,
      written: `UPDATE ${quoted(odd)} SET ${typed.map(([name, , value]) => `${quoted(name)} = ${value}`).join(', ')}
          WHERE "and\nanother" < '2024-03-30';
        INSERT INTO ${quoted(other)} (${names}) SELECT ${names} FROM ${quoted(odd)}; INSERT INTO ${quoted(other)} DEFAULT VALUES`,
      downgrade: `DROP TABLE ${quoted(other)}; ALTER TABLE ${quoted(odd)} ${typed.map(([name]) => `DROP ${quoted(name)}`).join(', ')};
        DROP TYPE mood; DROP TYPE pair; DROP DOMAIN positive`,
      losses: [table(other, 41), ...typed.map(([name]) => column(`${odd}.${name}`, 40))],
    });
    expect(result.notes).toEqual([]);
  });

  test('tables without a primary key, with rows that are alike', async () => {
    await fixture.sql(`CREATE TABLE log (at date, line text);
      INSERT INTO log SELECT '2024-01-01', CASE n % 3 WHEN 0 THEN NULL WHEN 1 THEN '' ELSE 'x' END FROM generate_series(1, 30) n`);
    await fixture.roundTrip({
      upgrade: `ALTER TABLE log ADD level integer DEFAULT 7; CREATE TABLE bag (a integer, b json); CREATE TABLE void ()`,
      written: `UPDATE log SET level = (ctid::text::point)[1];
        INSERT INTO bag SELECT n % 3, json_build_object('n', n % 2) FROM generate_series(1, 25) n;
        INSERT INTO bag VALUES (NULL, NULL); INSERT INTO void SELECT FROM generate_series(1, 4)`,
      downgrade: `ALTER TABLE log DROP level; DROP TABLE bag; DROP TABLE void`,
      losses: [column('log.level', 30), table('bag', 26), table('void', 4)],
    });
  });

  test('rows that the downgrade deletes and values that it changes, and no other row', async () => {
    await fixture.sql(`${papers}; CREATE TABLE links (paper_id bigint REFERENCES papers ON DELETE CASCADE, url text, PRIMARY KEY (paper_id, url));
      INSERT INTO links SELECT id, 'https://' || id FROM papers`);
    const { result, said } = await fixture.roundTrip({
      upgrade: `ALTER TABLE papers ALTER title TYPE text`,
      written: `UPDATE papers SET title = repeat('long ', id::integer) WHERE id % 2 = 0`,
      downgrade: `DELETE FROM papers WHERE id > 50; UPDATE papers SET title = left(title, 12) WHERE length(title) > 12;
        ALTER TABLE papers ALTER title TYPE varchar(12)`,
      losses: [
        { kind: 'rows', object: 'links', rows: 10 },
        { kind: 'rows', object: 'papers', rows: 10 },
        { kind: 'values', object: 'papers.title', rows: 24, values: 24 },
      ],
    });
    expect(result.salvaged).toEqual([
      { object: 'papers.title', rows: 24 },
      { object: 'papers', rows: 10 },
      { object: 'links', rows: 10 },
    ]);
    expect(said).toContain('papers: 10 rows in the file, 10 inserted');
    await fixture.sql(`UPDATE papers SET title = 'since' WHERE id = 1; DELETE FROM papers WHERE id = 4`);
    expect(await fixture.putBack(result)).toContain('1 not there any more');
    expect(await fixture.sql(`SELECT title FROM papers WHERE id IN (1, 4)`)).toEqual([{ title: 'since' }]);
  });

  test('without a rehearsed copy everything in such tables is kept, and said to be', async () => {
    await fixture.sql(papers);
    const { result } = await fixture.roundTrip({
      upgrade: 'SELECT',
      downgrade: `DELETE FROM papers WHERE id > 50; UPDATE papers SET title = 'all alike' WHERE id < 5`,
      losses: [
        { kind: 'rows', object: 'papers', rows: 10 },
        { kind: 'values', object: 'papers.title', rows: 4, values: 4 },
      ],
      withCopy: false,
    });
    expect(result.notes[0]).toBe(
      'papers: all of its rows are kept, since there is no rehearsed copy to find the lost ones in.',
    );
  });

  test('tables that refer to each other and to themselves, partitioned tables, tables that inherit', async () => {
    await fixture.sql(papers);
    await fixture.roundTrip({
      upgrade: `CREATE TABLE b (id integer PRIMARY KEY, boss integer REFERENCES b, a_id integer NOT NULL);
        CREATE TABLE a (id integer PRIMARY KEY, b_id integer NOT NULL REFERENCES b, paper bigint REFERENCES papers (id));
        ALTER TABLE b ADD FOREIGN KEY (a_id) REFERENCES a DEFERRABLE; ALTER TABLE papers ADD a_id integer REFERENCES a;
        CREATE SCHEMA ledger;
        CREATE TABLE ledger.entries (at date, n integer, a_id integer REFERENCES a, PRIMARY KEY (at, n)) PARTITION BY RANGE (at);
        CREATE TABLE ledger.y24 PARTITION OF ledger.entries FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
        CREATE TABLE ledger."y.25" PARTITION OF ledger.entries FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
        CREATE TABLE parent (x integer); CREATE TABLE child (y integer) INHERITS (parent)`,
      written: `BEGIN; SET CONSTRAINTS ALL DEFERRED; INSERT INTO b SELECT n, 21 - n, n FROM generate_series(1, 20) n;
        INSERT INTO a SELECT n, 21 - n, n FROM generate_series(1, 20) n; COMMIT; UPDATE papers SET a_id = id % 20 + 1;
        INSERT INTO ledger.entries SELECT date '2024-06-01' + n, n, n % 20 + 1 FROM generate_series(1, 400) n;
        INSERT INTO parent VALUES (1), (1); INSERT INTO child VALUES (1, 2), (1, 2), (3, NULL)`,
      downgrade: `ALTER TABLE papers DROP a_id; DROP TABLE ledger.entries; DROP SCHEMA ledger; DROP TABLE a, b CASCADE;
        DROP TABLE parent CASCADE`,
      losses: [
        table('a', 20),
        table('b', 20),
        table('child', 3),
        table('ledger.entries', 400),
        table('ledger.y24', 213),
        table('ledger.y.25', 187),
        column('papers.a_id', 60),
        table('parent', 2),
      ],
    });
  });

  test('identities, unique values that trade places, triggers and sequences stay as they are', async () => {
    await fixture.sql(`CREATE TABLE jobs (id bigint PRIMARY KEY, name text, touched integer DEFAULT 0);
      CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN NEW.touched := NEW.touched + 1; RETURN NEW; END';
      CREATE TRIGGER touch BEFORE INSERT OR UPDATE ON jobs FOR EACH ROW EXECUTE FUNCTION touch();
      ALTER TABLE jobs ENABLE ALWAYS TRIGGER touch; INSERT INTO jobs SELECT n, 'job' FROM generate_series(1, 30) n`);
    await fixture.roundTrip({
      upgrade: `ALTER TABLE jobs ADD rank bigint GENERATED ALWAYS AS IDENTITY UNIQUE; ALTER TABLE jobs ADD slot serial;
        CREATE UNIQUE INDEX jobs_slot ON jobs (slot);
        CREATE TABLE tickets (id bigint GENERATED BY DEFAULT AS IDENTITY (INCREMENT BY -1), no integer PRIMARY KEY DEFAULT 0)`,
      written: `DELETE FROM jobs WHERE id = 7; INSERT INTO jobs SELECT n, 'more' FROM generate_series(31, 40) n;
        DELETE FROM jobs WHERE id = 40; UPDATE jobs SET name = name || '!' WHERE id = 1; INSERT INTO tickets (no) SELECT generate_series(1, 5)`,
      downgrade: `ALTER TABLE jobs DROP rank, DROP slot; DROP TABLE tickets`,
      losses: [column('jobs.rank', 38), column('jobs.slot', 38), table('tickets', 5)],
    });
    const one = async (text: string) => (await fixture.sql(text))[0];
    expect(await one(`SELECT tgenabled FROM pg_trigger WHERE tgname = 'touch'`)).toEqual({ tgenabled: 'A' });
    expect(await one(`SELECT attidentity FROM pg_attribute WHERE attname = 'rank'`)).toEqual({
      attidentity: 'a',
    });
    expect(
      await one(`SELECT conname FROM pg_constraint WHERE contype = 'u' AND conrelid = 'jobs'::regclass`),
    ).toEqual({
      conname: 'jobs_rank_key',
    });
    expect(await one(`INSERT INTO jobs VALUES (41) RETURNING rank, slot, touched`)).toEqual({
      rank: '41',
      slot: 41,
      touched: 1,
    });
    expect(await one(`INSERT INTO tickets (no) VALUES (6) RETURNING id`)).toEqual({ id: '-6' });
  });

  test('a table that the corrected migration fills itself gets the values that it had', async () => {
    await fixture.sql(`CREATE TABLE users (id integer PRIMARY KEY, bio text);
      INSERT INTO users SELECT n, 'bio ' || n FROM generate_series(1, 9) n`);
    await fixture.roundTrip({
      upgrade: `CREATE TABLE profiles (user_id integer PRIMARY KEY REFERENCES users, bio text, likes integer DEFAULT 0);
        INSERT INTO profiles SELECT id, bio FROM users; ALTER TABLE users DROP bio`,
      written: `UPDATE profiles SET likes = user_id * 2; INSERT INTO users VALUES (10); INSERT INTO profiles VALUES (10, NULL, 3)`,
      downgrade: `ALTER TABLE users ADD bio text; UPDATE users SET bio = p.bio FROM profiles p WHERE p.user_id = id;
        DROP TABLE profiles`,
      losses: [table('profiles', 10)],
    });
  });

  test('a row that is there again may refer to one of its own table that is put back with it', async () => {
    await fixture.sql(`CREATE TABLE nodes (id integer PRIMARY KEY, parent integer REFERENCES nodes)`);
    await fixture.roundTrip({
      upgrade: `INSERT INTO nodes VALUES (1)`,
      written: `INSERT INTO nodes VALUES (2); UPDATE nodes SET parent = 2 WHERE id = 1`,
      downgrade: `DELETE FROM nodes`,
      losses: [{ kind: 'rows', object: 'nodes', rows: 2 }],
    });
  });

  test('a lost row gets a number back that another row was given meanwhile', async () => {
    await fixture.sql(`CREATE TABLE nodes (id integer PRIMARY KEY); INSERT INTO nodes VALUES (1), (2), (3)`);
    await fixture.roundTrip({
      upgrade: `ALTER TABLE nodes ADD number bigint GENERATED ALWAYS AS IDENTITY UNIQUE`,
      downgrade: `ALTER TABLE nodes DROP number; DELETE FROM nodes WHERE id = 1`,
      losses: [{ kind: 'rows', object: 'nodes', rows: 1 }, column('nodes.number', 3)],
    });
  });
});
