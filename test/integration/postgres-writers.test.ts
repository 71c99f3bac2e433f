import { Client, escapeLiteral } from 'pg';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { lower, raise, state } from '../../src/postgres/fence.ts';
import { withClient, withDatabase } from '../../src/postgres/connect.ts';
import { migrationSessions } from '../../src/migrations/version-table.ts';
import { exampleTool } from '../example-plan.ts';
import { rollBackPrepared } from '../../src/postgres/prepared.ts';
import {
  foreignSessions,
  describeSession,
  preparedTransactions,
  quiet,
} from '../../src/postgres/sessions.ts';
import { postgresFixture, type PostgresFixture } from './fixtures/postgres-fixture.ts';

let fixture: PostgresFixture;
const open: Client[] = [];
beforeAll(async () => {
  fixture = await postgresFixture();
});
afterEach(async () => {
  for (const client of open.splice(0)) await client.end().catch(() => undefined);
  await withClient(fixture.adminUrl, {}, (admin) => lower(admin, fixture));
});
afterAll(async () => {
  // One that a failed test left would keep every new slot of the server waiting.
  await withClient(withDatabase(fixture.superuserUrl, fixture.name), {}, (client) =>
    rollBackPrepared(client, async () => {}),
  );
  await fixture.remove();
});

/** A session that stays; what the server does to it is its own affair. */
async function session(url: string, settings: { application_name?: string; replication?: string } = {}) {
  const client = new Client({ connectionString: url, ...settings });
  client.on('error', () => {});
  await client.connect();
  open.push(client);
  return client;
}
const admin = <T>(use: (client: Client) => Promise<T>) => withClient(fixture.adminUrl, {}, use);
const papers = async (database: string) =>
  withClient(withDatabase(fixture.url, database), {}, async (client) => {
    const { rows } = await client.query<{ rows: number }>(
      `SELECT count(*)::int AS rows FROM papers WHERE title = 'in doubt'`,
    );
    return rows[0]?.rows;
  });

async function prepare(gid: string): Promise<void> {
  const client = await session(fixture.url);
  await client.query(
    `BEGIN; INSERT INTO papers (title) VALUES ('in doubt'); PREPARE TRANSACTION ${escapeLiteral(gid)}`,
  );
}

describe('a migration', () => {
  test('that was left in its transaction is told from other sessions, and ends with them', async () => {
    const migration = await session(fixture.url, { application_name: 'ci' });
    await session(fixture.url, { application_name: 'api' });
    await migration.query('BEGIN; SELECT * FROM alembic_version; ALTER TABLE nothing ADD COLUMN half int');
    const found = await withClient(fixture.url, {}, (client) => migrationSessions(client, exampleTool));
    expect(found).toEqual([
      expect.stringMatching(
        /^pid \d+, role p_\w+_app, "ci", idle in transaction for \d+ s: it holds AccessShareLock on alembic_version$/,
      ),
    ]);
    const ended = await admin((client) => raise(client, fixture));
    expect(ended.map(({ application }) => application).toSorted()).toEqual(['api', 'ci']);
    const columns = await withClient(withDatabase(fixture.url, fixture.fencedName), {}, async (client) => {
      const { rows } = await client.query(
        `SELECT FROM information_schema.columns WHERE table_name = 'nothing'`,
      );
      return rows.length;
    });
    expect(columns).toBe(0);
  });
});

describe('prepared transactions', () => {
  test('are named and hold, as long as the definition does not give them up', async () => {
    await prepare('two-phase');
    await expect(admin((client) => raise(client, fixture, { within: 300 }))).rejects.toMatchObject({
      type: 'WritesNotStopped',
      message: expect.stringMatching(/prepared transaction 'two-phase' of role p_\w+_app since /),
    });
    await admin((client) => lower(client, fixture));
    expect(await admin((client) => preparedTransactions(client, fixture.name))).toHaveLength(1);
  });

  test('are rolled back where it does, each told first, whoever of the application prepared it', async () => {
    await prepare(`it's second`);
    const told: string[] = [];
    const loop = await session(fixture.url);
    await admin((client) =>
      raise(client, fixture, {
        within: 5_000,
        rollBackPrepared: async (at) => {
          const own = withDatabase(fixture.adminUrl, at);
          await withClient(own, {}, (each) => rollBackPrepared(each, async (name) => void told.push(name)));
        },
      }),
    );
    expect(told).toEqual([expect.stringContaining(`'two-phase'`), expect.stringContaining(`'it''s second'`)]);
    expect(await admin((client) => state(client, fixture))).toBe('up');
    expect(await papers(fixture.fencedName)).toBe(0);
    await expect(loop.query('SELECT 1')).rejects.toThrow();
  });

  test('of a role that Backstep may not take are not given up, and are said', async () => {
    const client = await session(withDatabase(fixture.superuserUrl, fixture.name));
    await client.query(`BEGIN; CREATE TABLE theirs (); PREPARE TRANSACTION 'theirs'`);
    await client.end();
    const attempt = admin((each) =>
      raise(each, fixture, {
        within: 1_000,
        rollBackPrepared: async (at) => {
          await withClient(withDatabase(fixture.adminUrl, at), {}, (own) =>
            rollBackPrepared(own, async () => {}),
          );
        },
      }),
    );
    await expect(attempt).rejects.toMatchObject({ type: 'DatabaseRightMissing' });
    await admin((each) => lower(each, fixture));
    await fixture.asSuperuser(fixture.name, `ROLLBACK PREPARED 'theirs'`);
  });
});

describe('a session', () => {
  test('counts whatever its kind: a walsender keeps the database from being quiet, and is named', async () => {
    await admin((client) => raise(client, fixture));
    await session(withDatabase(fixture.superuserUrl, fixture.fencedName), {
      replication: 'database',
      application_name: 'feed',
    });
    const seen = await admin((client) => foreignSessions(client, fixture.fencedName));
    expect(seen.map(describeSession)).toEqual([
      expect.stringMatching(/^pid \d+, role \w+ \(superuser: only a superuser can end it\), "feed"/),
    ]);
    const kinds = await withClient(withDatabase(fixture.superuserUrl, 'postgres'), {}, (client) =>
      foreignSessions(client, fixture.fencedName),
    );
    expect(kinds[0]?.kind).toBe('walsender');
    const end = new AbortController();
    setTimeout(() => end.abort(new Error('long enough')), 1_500);
    const reached: number[] = [];
    const waiting = admin((client) =>
      quiet(client, fixture.fencedName, {
        operation: fixture.operation,
        quietFor: 500,
        grace: 0,
        signal: end.signal,
        onProgress: ({ forMilliseconds }) => reached.push(forMilliseconds),
      }),
    );
    await expect(waiting).rejects.toThrow();
    expect(Math.max(...reached)).toBe(0);
    // Four looks a second.
    expect(reached.length).toBeGreaterThanOrEqual(5);
  });
});
