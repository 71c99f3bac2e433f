import { afterAll, beforeAll, expect, test } from 'vitest';
import { serviceChecks } from '../../src/postgres/service-checks.ts';
import { counts } from '../../src/postgres/catalog.ts';
import { withClient } from '../../src/postgres/connect.ts';
import { checks } from '../../src/domain/definition/checks.ts';
import { postgresFixture, type PostgresFixture } from './fixtures/postgres-fixture.ts';

let fixture: PostgresFixture;
beforeAll(async () => {
  fixture = await postgresFixture();
});
afterAll(() => fixture.remove());

const make = async (
  ...sql: { name: string; query: string; expect?: string | number | boolean; within?: string }[]
) =>
  serviceChecks(fixture.url, checks.parse({ sql }).sql, {
    operation: fixture.operation,
    signal: new AbortController().signal,
  });
const wrongOf = async (query: string, expect?: string | number | boolean) =>
  (await make({ name: 'it', query, ...(expect !== undefined && { expect }) })).wrong.join();

test('a check passes by no row, by a single true, or by the value expected; each is named', async () => {
  const found = await make(
    { name: 'no untitled paper', query: `SELECT id FROM papers WHERE title = ''` },
    { name: 'papers are many', query: 'SELECT count(*) > 1000 FROM papers;' },
    { name: 'papers counted', query: 'SELECT count(*) FROM papers', expect: 2000 },
    { name: 'revision', query: 'SELECT version_num FROM alembic_version', expect: '0005' },
  );
  expect(found.wrong).toEqual([]);
  expect(found.checked).toEqual([
    'own check “no untitled paper”',
    'own check “papers are many”',
    'own check “papers counted”',
    'own check “revision”',
  ]);
});

test('every check that fails is named with what it found, and does not hide the next', async () => {
  const { wrong, checked } = await make(
    { name: 'rows that must not be', query: 'SELECT id, title FROM papers ORDER BY id' },
    { name: 'false', query: 'SELECT count(*) < 5 FROM papers' },
    { name: 'another value', query: 'SELECT count(*) FROM papers', expect: 7 },
    { name: 'no such column', query: 'SELECT score FROM papers' },
    { name: 'good', query: 'SELECT true' },
  );
  expect(wrong).toHaveLength(4);
  expect(wrong[0]).toMatch(/“rows that must not be” found \(1, .*and more$/s);
  expect(wrong[1]).toBe('own check “false” found (false)');
  expect(wrong[2]).toBe('own check “another value” expected 7, found (2000)');
  expect(wrong[3]).toMatch(/“no such column” could not be made: .*score/);
  expect(checked).toEqual(['own check “good”']);
});

test('NULL is no value, and no row is none where one is expected', async () => {
  expect(await wrongOf('SELECT NULL::boolean')).toMatch(/found \(null\)/);
  expect(await wrongOf('SELECT NULL', 'null')).toMatch(/expected null/);
  expect(await wrongOf('SELECT 1 WHERE false', 1)).toMatch(/found no row/);
});

test('a check takes no longer than it may, and writes nothing', async () => {
  const began = Date.now();
  const { wrong } = await make({ name: 'slow', query: 'SELECT pg_sleep(60)', within: '1s' });
  expect(Date.now() - began).toBeLessThan(10_000);
  expect(wrong.join()).toMatch(/“slow” could not be made: .*statement timeout/);
  const before = await withClient(fixture.url, {}, counts);
  expect(await wrongOf("SELECT nextval(pg_get_serial_sequence('papers', 'id'))")).toMatch(/read-only/);
  expect(await wrongOf(`SELECT true; DELETE FROM nothing; COMMIT`)).toMatch(/multiple commands/);
  expect(await wrongOf(`WITH gone AS (DELETE FROM nothing RETURNING *) SELECT true FROM gone`)).toMatch(
    /could not be made/,
  );
  expect(await withClient(fixture.url, {}, counts)).toEqual(before);
});
