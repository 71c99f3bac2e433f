import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { catalog } from '../../src/postgres/catalog.ts';
import { differences } from '../../src/schema-diff/differences.ts';
import { quoted, withClient, withDatabase } from '../../src/postgres/connect.ts';
import { postgresFixture, type PostgresFixture } from './fixtures/postgres-fixture.ts';

let fixture: PostgresFixture;
let restored: string;

beforeAll(async () => {
  fixture = await postgresFixture();
  restored = `${fixture.name} restored`;
  await sql(
    'CREATE TABLE shelf (a int, b int, c int, kind varchar(9), t text); CREATE FUNCTION one() RETURNS int LANGUAGE sql AS $$ SELECT (1 + 2) * 3 $$',
  );
});
afterAll(() => fixture.remove());

const sql = (statements: string) => fixture.asSuperuser(fixture.name, statements);
const read = (database = fixture.name) =>
  withClient(withDatabase(fixture.superuserUrl, database), {}, (client) => catalog(client));

/** What a change makes different, in words; it is undone afterwards. */
async function changed(change: string, undo: string): Promise<string> {
  const before = await read();
  await sql(change);
  const after = await read();
  await sql(undo);
  return differences(before, after).join('\n');
}

const made = (as: string) => `CREATE OR REPLACE FUNCTION one() RETURNS int LANGUAGE sql AS ${as}`;
const check = (condition: string) => `ALTER TABLE shelf ADD CONSTRAINT fits CHECK (${condition})`;

describe('a catalog tells apart', () => {
  test('brackets that mean something', async () => {
    await sql(check('(a > 1 OR b > 1) AND c > 1'));
    const drop = 'ALTER TABLE shelf DROP CONSTRAINT fits';
    const other = `${drop}; ${check('a > 1 OR (b > 1 AND c > 1)')}`;
    expect(await changed(other, drop)).toMatch(/constraint shelf\.fits: expected .*, found /);
  });

  test.each([
    ['brackets in the body of a function', 'function one()', '$$ SELECT 1 + 2 * 3 $$'],
    ['a cast in the body of a function', 'function one()', '$$ SELECT ((1 + 2) * 3)::int $$'],
    ['white space within a literal', 'function one()', `$$ SELECT length('a  b') $$`],
  ])('%s', async (_what, name, body) => {
    expect(await changed(made(body), made('$$ SELECT (1 + 2) * 3 $$'))).toContain(name);
  });

  test.each([
    ['publication sent', 'CREATE PUBLICATION sent FOR TABLE shelf', 'DROP PUBLICATION sent'],
    [
      'event trigger watched',
      `CREATE FUNCTION watch() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END'; CREATE EVENT TRIGGER watched ON ddl_command_end EXECUTE FUNCTION watch()`,
      'DROP EVENT TRIGGER watched; DROP FUNCTION watch()',
    ],
    [
      'foreign server other',
      `CREATE FOREIGN DATA WRAPPER away; CREATE SERVER other FOREIGN DATA WRAPPER away OPTIONS (key 's3cret')`,
      'DROP FOREIGN DATA WRAPPER away CASCADE',
    ],
    [
      'cast public.mood as integer',
      `CREATE FUNCTION weigh(mood) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT 1'; CREATE CAST (mood AS int) WITH FUNCTION weigh(mood)`,
      'DROP FUNCTION weigh(mood) CASCADE',
    ],
    ['comment function one()', `COMMENT ON FUNCTION one() IS 'nine'`, 'COMMENT ON FUNCTION one() IS NULL'],
    ['comment schema ledger', `COMMENT ON SCHEMA ledger IS 'books'`, 'COMMENT ON SCHEMA ledger IS NULL'],
    ['comment type mood', `COMMENT ON TYPE mood IS '(good)'`, 'COMMENT ON TYPE mood IS NULL'],
  ])('%s', async (name, change, undo) => {
    const said = await changed(change, undo);
    expect(said).toContain(`${name} is there but was not expected`);
    expect(said).not.toContain('s3cret');
  });
});

/** Expressions that PostgreSQL may print otherwise once it has read its own words. */
const conditions = [
  `kind IN ('a', 'b')`,
  `kind NOT IN ('a', 'it''s', '(ARRAY[''q''])::text[]')`,
  `kind IN (t, 'b', lower(t))`,
  `t IN ('a', 'b') AND (a > 1 OR b > 1)`,
  `(a > 1 AND b > 1) AND (c > 1 AND a > 2)`,
  `((a > 1 OR b > 1) OR c > 1) OR (a > 3 OR b > 3)`,
  `CASE WHEN kind IN ('a', 'b') THEN a > 1 ELSE b BETWEEN 1 AND 3 END`,
  `(kind IN ('a', 'b')) = (a > 1)`,
  `kind <> ALL (ARRAY['a'::varchar, t])`,
  `kind::varchar(3) IN ('a', 'b') OR (a, b) IN ((1, 2), (3, 4))`,
  `a IN (1, 2) AND a::bigint IN (1, 2)`,
];

test('a catalog is the same after a dump and a restore, however expressions are printed', async () => {
  for (const [at, condition] of conditions.entries())
    await sql(
      `ALTER TABLE shelf ADD CONSTRAINT c${at} CHECK (${condition}); CREATE INDEX i${at} ON shelf (a, (${condition})) WHERE ${condition};
       CREATE VIEW v${at} AS SELECT a, ${condition} AS fits FROM shelf WHERE ${condition};
       CREATE STATISTICS s${at} ON (${condition}), a FROM shelf; CREATE POLICY p${at} ON shelf USING (${condition});
       CREATE FUNCTION f${at}(a int, b int, c int, kind varchar, t text) RETURNS boolean LANGUAGE sql RETURN ${condition};
       CREATE TRIGGER t${at} BEFORE INSERT ON shelf FOR EACH ROW WHEN (${condition.replaceAll(/\b(a|b|c|kind|t)\b(?!['(])/g, 'NEW.$1')}) EXECUTE FUNCTION touch()`,
    );
  await sql(
    `CREATE TABLE derived (kind varchar, fits boolean GENERATED ALWAYS AS (kind IN ('a', 'b')) STORED, d text DEFAULT CASE WHEN 'a'::varchar IN ('a', 'b') THEN '(x)' END);
     CREATE RULE r AS ON DELETE TO v0 WHERE OLD.fits OR OLD.a IN (1, 2) DO INSTEAD NOTHING;
     CREATE PUBLICATION sent FOR TABLE shelf WHERE (a > 1 AND (b > 1 OR c > 1)); COMMENT ON FUNCTION one() IS 'a  (nine)'`,
  );
  await fixture.asSuperuser('postgres', `CREATE DATABASE ${quoted(restored)} OWNER ${fixture.owner}`);
  const directory = mkdtempSync(join(tmpdir(), 'catalog-'));
  const [file, bin] = [join(directory, 'dump'), fixture.lab.postgres.bin];
  const to = (name: string) => withDatabase(fixture.superuserUrl, name);
  await execa(join(bin, 'pg_dump'), ['-Fc', '-f', file, to(fixture.name)]);
  await execa(join(bin, 'pg_restore'), ['--exit-on-error', '-d', to(restored), file]);
  rmSync(directory, { recursive: true });
  expect(differences(await read(), await read(restored))).toEqual([]);
});
