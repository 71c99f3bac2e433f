import { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { lower, raise, state } from '../../src/postgres/fence.ts';
import { withClient, withDatabase } from '../../src/postgres/connect.ts';
import { makeReadCopy } from '../../src/postgres/read-copy.ts';
import { writer } from './fixtures/activity-fixture.ts';
import { postgresFixture, type PostgresFixture } from './fixtures/postgres-fixture.ts';

let fixture: PostgresFixture;
beforeAll(async () => {
  fixture = await postgresFixture();
});
afterAll(() => fixture.remove());

const admin = <T>(use: (client: Client) => Promise<T>) => withClient(fixture.adminUrl, {}, use);
const options = () => ({
  name: fixture.name,
  fencedName: fixture.fencedName,
  operation: fixture.operation,
  role: fixture.owner,
});

/** Statements as the application sends them, one answer each. */
async function asApplication(...statements: string[]): Promise<unknown[]> {
  const client = new Client({ connectionString: fixture.url });
  await client.connect();
  try {
    const answers: unknown[] = [];
    for (const statement of statements) {
      const answer = await client.query<{ value: unknown }>(statement).catch((error: Error) => error.message);
      answers.push(typeof answer === 'string' ? answer : answer.rows[0]?.value);
    }
    return answers;
  } finally {
    await client.end();
  }
}
const count = async (database: string) =>
  withClient(withDatabase(fixture.superuserUrl, database), {}, async (client) => {
    const { rows } = await client.query<{ rows: number }>('SELECT count(*)::int AS rows FROM papers');
    return rows[0]?.rows ?? 0;
  });

describe('read-only mode', () => {
  test('serves every read under the old name, and a writer that reconnects gets nothing in', async () => {
    const before = await count(fixture.name);
    const loop = writer(fixture.url);
    await new Promise((resolve) => setTimeout(resolve, 500));
    await admin((client) => raise(client, fixture));
    const atStop = await count(fixture.fencedName);
    await makeReadCopy(fixture.adminUrl, options());
    const copied = Date.now();
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    const { writes, lastAt } = await loop.stop();
    expect(writes).toBeGreaterThan(0);
    expect(lastAt).toBeLessThan(copied);
    // Not one write was taken after the stop, and none that was acknowledged is missing.
    expect(atStop).toBe(before + writes);
    expect(await count(fixture.fencedName)).toBe(atStop);
    expect(await count(fixture.name)).toBe(atStop);
    expect(await admin((client) => state(client, fixture))).toBe('up');
    expect(
      await asApplication(
        'SELECT count(*)::int AS value FROM papers',
        `INSERT INTO papers (title) VALUES ('no')`,
        'SET default_transaction_read_only = off',
        `INSERT INTO papers (title) VALUES ('no')`,
        'UPDATE papers SET kind = kind',
        `INSERT INTO ledger.entries VALUES ('2024-05-01', 1, 'no')`,
        'CREATE TABLE public.mine ()',
        'CREATE SCHEMA mine',
        'ALTER TABLE papers OWNER TO CURRENT_USER',
      ),
    ).toEqual([
      atStop,
      'cannot execute INSERT in a read-only transaction',
      undefined,
      'permission denied for table papers',
      'permission denied for table papers',
      'permission denied for table entries',
      'permission denied for schema public',
      expect.stringMatching(/^permission denied for database/),
      'must be owner of table papers',
    ]);
  });

  test('is made once, and goes when the database gets its name back, which is as it was', async () => {
    await makeReadCopy(fixture.adminUrl, options());
    await admin((client) => lower(client, fixture));
    expect(await admin((client) => state(client, fixture))).toBe('down');
    expect(await asApplication(`INSERT INTO papers (title) VALUES ('yes') RETURNING title AS value`)).toEqual(
      ['yes'],
    );
  });

  test('is refused where somebody could write to the copy, and leaves nothing behind', async () => {
    await fixture.asSuperuser(
      fixture.name,
      `CREATE TABLE theirs (); GRANT INSERT ON theirs TO ${fixture.owner}`,
    );
    await admin((client) => raise(client, fixture));
    await expect(makeReadCopy(fixture.adminUrl, options())).rejects.toMatchObject({
      type: 'WritesNotStopped',
      message: expect.stringMatching(/_app may write to theirs/),
    });
    await expect(makeReadCopy(fixture.adminUrl, { ...options(), role: 'postgres' })).rejects.toMatchObject({
      message: expect.stringMatching(/postgres may write to /),
    });
    await expect(asApplication('SELECT 1')).rejects.toThrow(/does not exist/);
    await admin((client) => lower(client, fixture));
    const { rows } = await admin((client) =>
      client.query(`SELECT FROM pg_database WHERE datname LIKE '%__reads_%' AND datname LIKE $1`, [
        `%${fixture.operation.slice(3)}%`,
      ]),
    );
    expect(rows).toEqual([]);
  });
});
