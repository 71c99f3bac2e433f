import { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { lower, raise, state } from '../../src/postgres/fence.ts';
import { catalog, catalogHash, counts, unsound } from '../../src/postgres/catalog.ts';
import { differences } from '../../src/schema-diff/differences.ts';
import { quoted, withClient, withDatabase, type Client as Session } from '../../src/postgres/connect.ts';
import { createDatabase, dropDatabase, extensionsOf } from '../../src/postgres/databases.ts';
import { revisionsOf } from '../../src/migrations/version-table.ts';
import { exampleTool } from '../example-plan.ts';
import { foreignSessions, quiet } from '../../src/postgres/sessions.ts';
import { postgresFixture, type PostgresFixture } from './fixtures/postgres-fixture.ts';

let fixture: PostgresFixture;
beforeAll(async () => {
  fixture = await postgresFixture();
});
afterAll(() => fixture.remove());

const asAdmin = <T>(use: (admin: Session) => Promise<T>) =>
  withClient(fixture.adminUrl, { operation: fixture.operation }, use);
const asOwner = <T>(use: (client: Session) => Promise<T>, database = fixture.name) =>
  withClient(withDatabase(fixture.url, database), { operation: fixture.operation }, use);

async function open(url: string): Promise<Client> {
  const client = new Client({ connectionString: url, application_name: 'gunicorn' });
  client.on('error', () => {});
  await client.connect();
  return client;
}

describe('fence', () => {
  test('wins against clients that reconnect in a tight loop, and gives the name back', async () => {
    const stop = new AbortController();
    let writes = 0;
    let lastWrite = 0;
    const loop = async () => {
      while (!stop.signal.aborted) {
        try {
          const client = await open(fixture.url);
          for (let n = 0; n < 20 && !stop.signal.aborted; n += 1) {
            await client.query('INSERT INTO nothing DEFAULT VALUES');
            writes += 1;
            lastWrite = Date.now();
          }
          await client.end();
        } catch {
          await new Promise(setImmediate);
        }
      }
    };
    const loops = [loop(), loop(), loop()];
    await expect.poll(() => writes, { timeout: 5_000 }).toBeGreaterThan(20);
    const began = Date.now();
    await asAdmin((admin) => raise(admin, fixture));
    const raised = Date.now();
    await expect(asAdmin((admin) => state(admin, fixture))).resolves.toBe('up');
    const before = await asOwner(counts, fixture.fencedName);
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    expect(await asOwner(counts, fixture.fencedName)).toEqual(before);
    expect(lastWrite).toBeLessThanOrEqual(raised);
    expect(raised - began).toBeLessThan(5_000);
    const written = writes;
    await asAdmin((admin) => lower(admin, fixture));
    await expect.poll(() => writes, { timeout: 5_000 }).toBeGreaterThan(written);
    stop.abort();
    await Promise.all(loops);
    await asOwner((client) =>
      client.query(`DELETE FROM nothing WHERE ctid NOT IN (SELECT ctid FROM nothing LIMIT 7)`),
    );
  });

  test('is idempotent, and finishes what a crash left half done', async () => {
    const sql = (text: string) => asAdmin((admin) => admin.query(text));
    const seen = () => asAdmin((admin) => state(admin, fixture));

    await sql(`ALTER DATABASE ${quoted(fixture.name)} ALLOW_CONNECTIONS false`);
    expect(await seen()).toBe('half');
    await asAdmin((admin) => raise(admin, fixture));
    await asAdmin((admin) => raise(admin, fixture));
    expect(await seen()).toBe('up');

    await sql(`ALTER DATABASE ${quoted(fixture.fencedName)} ALLOW_CONNECTIONS false`);
    expect(await seen()).toBe('half');
    await asAdmin((admin) => raise(admin, fixture));
    expect(await seen()).toBe('up');

    await sql(`ALTER DATABASE ${quoted(fixture.fencedName)} ALLOW_CONNECTIONS false`);
    await sql(`ALTER DATABASE ${quoted(fixture.fencedName)} RENAME TO ${quoted(fixture.name)}`);
    expect(await seen()).toBe('half');
    await asAdmin((admin) => lower(admin, fixture));
    await asAdmin((admin) => lower(admin, fixture));
    expect(await seen()).toBe('down');
    await expect(asOwner(async () => 'open')).resolves.toBe('open');

    await expect(
      asAdmin((admin) => raise(admin, { name: 'no such', fencedName: 'nor this' })),
    ).rejects.toMatchObject({
      type: 'DatabaseInvalid',
    });
  });

  test('names the session that only a superuser can end, and a prepared transaction', async () => {
    const root = await open(withDatabase(fixture.superuserUrl, fixture.name));
    await expect(asAdmin((admin) => raise(admin, fixture, { within: 300 }))).rejects.toMatchObject({
      type: 'WritesNotStopped',
      message: expect.stringContaining('superuser') as string,
    });
    await root.end();
    await asAdmin((admin) => lower(admin, fixture));
    await asOwner((client) =>
      client.query(`BEGIN; INSERT INTO nothing DEFAULT VALUES; PREPARE TRANSACTION '${fixture.operation}'`),
    );
    await expect(asAdmin((admin) => raise(admin, fixture, { within: 300 }))).rejects.toMatchObject({
      message: expect.stringContaining(`prepared transaction '${fixture.operation}'`) as string,
    });
    await asAdmin((admin) => lower(admin, fixture));
    await asOwner((client) => client.query(`ROLLBACK PREPARED '${fixture.operation}'`));
    expect(await asAdmin((admin) => state(admin, fixture))).toBe('down');
  });

  test('does not give the name back where somebody took it', async () => {
    await asAdmin((admin) => raise(admin, fixture));
    await fixture.asSuperuser('postgres', `CREATE DATABASE ${quoted(fixture.name)}`);
    expect(await asAdmin((admin) => state(admin, fixture))).toBe('occupied');
    await expect(asAdmin((admin) => lower(admin, fixture))).rejects.toMatchObject({
      type: 'DatabaseInvalid',
    });
    await fixture.asSuperuser('postgres', `DROP DATABASE ${quoted(fixture.name)}`);
    await asAdmin((admin) => lower(admin, fixture));
  });
});

describe('sessions', () => {
  test('of others are seen, given their grace, and then ended', async () => {
    const other = await open(fixture.url);
    let ended = false;
    other.on('end', () => {
      ended = true;
    });
    await asAdmin(async (admin) => {
      await asOwner(async () => {
        const foreign = await foreignSessions(admin, fixture.name, fixture.operation);
        expect(foreign).toMatchObject([{ role: fixture.owner, application: 'gunicorn', superuser: false }]);
      });
      const began = Date.now();
      const { sessionsEnded } = await quiet(admin, fixture.name, {
        operation: fixture.operation,
        quietFor: 600,
        grace: 400,
      });
      expect(sessionsEnded).toBe(1);
      expect(Date.now() - began).toBeGreaterThan(1_000);
    });
    expect(ended).toBe(true);
  });
});

describe('catalog', () => {
  test('counts every table at one moment, and reads the revision', async () => {
    expect(await asOwner(counts)).toEqual({
      papers: 2_000,
      'odd "name"': 100,
      nothing: 7,
      'ledger.entries': 400,
      'ledger.entries_2024': 213,
      'ledger.entries_2025': 187,
      alembic_version: 1,
    });
    expect(await asOwner((client) => revisionsOf(client, exampleTool))).toEqual(['0005']);
    expect(
      await asOwner((client) =>
        revisionsOf(client, { ...exampleTool, versionTable: 'public.alembic_version' }),
      ),
    ).toEqual(['0005']);
    expect(
      await asOwner((client) => revisionsOf(client, { ...exampleTool, versionTable: 'no_such_table' })),
    ).toEqual([]);
  });

  test('does not depend on who asks, and names what changed', async () => {
    const before = await asOwner(catalog);
    const byAdmin = await withClient(withDatabase(fixture.adminUrl, fixture.name), {}, catalog);
    expect(differences(before, byAdmin)).toEqual([]);
    expect(catalogHash(byAdmin)).toBe(catalogHash(before));
    expect(unsound(before)).toEqual([]);
    const change = (sql: string, undo: string) =>
      asOwner(async (client) => {
        await client.query(sql);
        const after = await catalog(client);
        await client.query(undo);
        return { differences: differences(before, after), unsound: unsound(after) };
      });
    expect(
      await change(
        'DROP INDEX papers_recent',
        `CREATE INDEX papers_recent ON papers (lower(title)) WHERE kind <> 'preprint'`,
      ),
    ).toMatchObject({ differences: [expect.stringContaining('index papers_recent is missing')] });
    expect(
      await change(
        'ALTER TABLE "odd ""name""" ALTER "a column" TYPE varchar(300)',
        'ALTER TABLE "odd ""name""" ALTER "a column" TYPE text',
      ),
    ).toMatchObject({
      differences: ['column odd "name".a column: expected text, found character varying(300)'],
    });
    expect(
      await change(
        `ALTER TABLE papers ADD CONSTRAINT long CHECK (pages < 1) NOT VALID`,
        'ALTER TABLE papers DROP CONSTRAINT long',
      ),
    ).toMatchObject({
      differences: [expect.stringContaining('constraint papers.long is there but was not expected')],
      unsound: ['constraint papers.long is not validated'],
    });
    expect(
      await change(`GRANT SELECT ON nothing TO PUBLIC`, 'REVOKE ALL ON nothing FROM PUBLIC'),
    ).toMatchObject({
      differences: [expect.stringContaining('grant nothing')],
    });
    expect(differences(before, await asOwner(catalog))).toEqual([]);
  });

  test('under a policy that hides rows, a count fails instead of being too small', async () => {
    await asOwner((client) => client.query('ALTER TABLE papers FORCE ROW LEVEL SECURITY'));
    await expect(asOwner(counts)).rejects.toMatchObject({ type: 'DatabaseRightMissing' });
    await asOwner((client) => client.query('ALTER TABLE papers NO FORCE ROW LEVEL SECURITY'));
  });
});

describe('databases', () => {
  test('a scratch database is like its model, gets its extensions, and goes again', async () => {
    const scratch = `${fixture.name.slice(0, 20)}__scratch_${fixture.operation.slice(3)}`;
    const extensions = await asOwner(extensionsOf);
    const wanted = {
      name: scratch,
      like: fixture.name,
      extensions,
      adminUrl: fixture.adminUrl,
      operation: fixture.operation,
    };
    await asAdmin(async (admin) => {
      await expect(createDatabase(admin, wanted)).rejects.toMatchObject({
        type: 'DatabaseRightMissing',
        message: expect.stringContaining('vector is not trusted') as string,
      });
      await dropDatabase(admin, scratch, fixture.operation);
      await createDatabase(admin, { ...wanted, extensionAdminUrl: fixture.superuserUrl });
    });
    const made = await asOwner(catalog, scratch);
    expect(made.extension).toEqual((await asOwner(catalog)).extension);
    await asAdmin(async (admin) => {
      await dropDatabase(admin, scratch, fixture.operation);
      await dropDatabase(admin, scratch, fixture.operation);
      await expect(dropDatabase(admin, fixture.name, fixture.operation)).rejects.toMatchObject({
        type: 'Unexpected',
      });
    });
  });
});

describe('failures', () => {
  test('each says what is wrong, and none the password', async () => {
    const wrong = fixture.url.replace(/:[0-9a-f]{18}@/, ':wr0ng-pass@');
    await expect(withClient(wrong, {}, counts)).rejects.toMatchObject({ type: 'DatabaseLoginRefused' });
    await expect(withClient(wrong, {}, counts)).rejects.not.toMatchObject({
      message: expect.stringContaining('wr0ng-pass') as string,
    });
    await expect(withClient(withDatabase(fixture.url, 'no_such'), {}, counts)).rejects.toMatchObject({
      type: 'DatabaseInvalid',
    });
    await expect(withClient('postgresql://a:b@127.0.0.1:1/x', {}, counts)).rejects.toMatchObject({
      type: 'DatabaseUnreachable',
    });
    await expect(withClient('mysql://a:secret@h/x', {}, counts)).rejects.toMatchObject({
      type: 'DatabaseInvalid',
    });
  });
});
