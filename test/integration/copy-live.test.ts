import { setTimeout as pause } from 'node:timers/promises';
import { delimiter } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { copyLive } from '../../src/activities/rehearse-live/job.ts';
import { catalog, counts } from '../../src/postgres/catalog.ts';
import { differences } from '../../src/schema-diff/differences.ts';
import { withClient, withDatabase } from '../../src/postgres/connect.ts';
import { createDatabase, dropDatabase, extensionsOf } from '../../src/postgres/databases.ts';
import { siblingName } from '../../src/domain/names.ts';
import { insteadOfPgDump } from './fixtures/backup-fixture.ts';
import { postgresFixture, type PostgresFixture } from './fixtures/postgres-fixture.ts';

let fixture: PostgresFixture;
let copy: string;
const undo: (() => void)[] = [];

beforeAll(async () => {
  fixture = await postgresFixture();
  copy = siblingName(`live_${fixture.name}`, 'scratch', fixture.operation);
  vi.stubEnv('PATH', `${fixture.lab.postgres.bin}${delimiter}${process.env['PATH']}`);
  await on(fixture.name, 'CREATE TABLE zzz_last (id int)');
});
afterAll(async () => {
  vi.unstubAllEnvs();
  await fixture.remove();
});
beforeEach(async () => {
  const extensions = await withClient(fixture.url, {}, extensionsOf);
  await withClient(fixture.adminUrl, { operation: fixture.operation }, (admin) =>
    createDatabase(admin, {
      name: copy,
      like: fixture.name,
      extensions,
      adminUrl: fixture.adminUrl,
      extensionAdminUrl: fixture.superuserUrl,
      operation: fixture.operation,
    }),
  );
});
afterEach(async () => {
  for (const each of undo.splice(0)) each();
  await withClient(fixture.adminUrl, { operation: fixture.operation }, (admin) =>
    dropDatabase(admin, copy, fixture.operation),
  );
});

const on = (database: string, sql: string) =>
  withClient(withDatabase(fixture.url, database), { lockTimeout: 60_000 }, (client) => client.query(sql));
const copied = () =>
  copyLive(fixture.url, withDatabase(fixture.adminUrl, copy), {
    operation: fixture.operation,
    extensionSchemas: ['tools'],
  });

/** Until the dump waits for somebody's lock. */
const queued = () =>
  withClient(fixture.adminUrl, {}, async (admin) => {
    for (;;) {
      const { rowCount } = await admin.query(
        `SELECT FROM pg_locks l JOIN pg_stat_activity a USING (pid) WHERE a.application_name = $1 AND NOT l.granted`,
        [`backstep ${fixture.operation}`],
      );
      if (rowCount) return;
      await pause(20);
    }
  });

class Latch {
  open!: () => void;
  readonly opened = new Promise<void>((resolve) => (this.open = resolve));
}

/** Somebody who has locked a table until `end`, as a long migration would. */
async function locking(table: string): Promise<{ end(): Promise<void> }> {
  const [until, ready] = [new Latch(), new Latch()];
  const held = withClient(fixture.url, {}, async (client) => {
    await client.query(`BEGIN; LOCK TABLE ${table} IN ACCESS EXCLUSIVE MODE`);
    ready.open();
    await until.opened;
    await client.query('ROLLBACK');
  });
  await ready.opened;
  return {
    end: async () => {
      until.open();
      await held;
    },
  };
}

describe('a copy of a database that is in use', () => {
  test('holds what it holds: schema, owners, rows', async () => {
    const { bytes } = await copied();
    expect(bytes).toBeGreaterThan(1_000);
    const read = (database: string) =>
      withClient(withDatabase(fixture.adminUrl, database), {}, async (client) => ({
        catalog: await catalog(client),
        counts: await counts(client),
      }));
    const [live, made] = [await read(fixture.name), await read(copy)];
    expect(differences(live.catalog, made.catalog)).toEqual([]);
    expect(made.counts).toEqual(live.counts);
  });

  test('nobody waits for it: who wants a table that it dumps gets it at once, and the copy yields', async () => {
    // The dump locks papers first, and then waits for the last table.
    const other = await locking('zzz_last');
    const yielded = copied().catch((error: unknown) => error);
    await queued();
    const began = Date.now();
    await on(
      fixture.name,
      'ALTER TABLE papers ADD COLUMN IF NOT EXISTS wanted int; ALTER TABLE papers DROP COLUMN wanted',
    );
    expect(Date.now() - began).toBeLessThan(1_200);
    expect(await yielded).toMatchObject({
      type: 'RehearsalYielded',
      message: expect.stringMatching(
        new RegExp(`session of role ${fixture.owner}.* waited for one of its locks`),
      ) as string,
    });
    await other.end();
  });

  test('it yields whatever language the server speaks: to a lock, and to whoever ends its sessions', async () => {
    const german = `s/canceling statement/storniere Anfrage/; s/due to .*/wegen etwas/; s/terminating connection/breche Verbindung ab/`;
    undo.push(
      insteadOfPgDump(
        fixture,
        `"$REAL" "$@" 2>"/tmp/said-$$"; s=$?; sed '${german}' "/tmp/said-$$" >&2; rm "/tmp/said-$$"; exit $s`,
      ),
    );
    const other = await locking('papers');
    await expect(copied()).rejects.toMatchObject({ type: 'RehearsalYielded' });
    const yielded = copied().catch((error: unknown) => error);
    await queued();
    await withClient(fixture.adminUrl, {}, (admin) =>
      admin.query(
        `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1 AND application_name = $2`,
        [fixture.name, `backstep ${fixture.operation}`],
      ),
    );
    expect(await yielded).toMatchObject({ type: 'RehearsalYielded' });
    await other.end();
  });

  test('a dump that fails by itself is no yielding', async () => {
    undo.push(insteadOfPgDump(fixture, `echo 'pg_dump: error: no room' >&2; exit 1`));
    await expect(copied()).rejects.toMatchObject({ type: 'RehearsalFailed' });
  });

  test('it does not queue up behind somebody’s lock', async () => {
    const other = await locking('papers');
    const began = Date.now();
    await expect(copied()).rejects.toMatchObject({ type: 'RehearsalYielded' });
    expect(Date.now() - began).toBeLessThan(8_000);
    await other.end();
  });
});
