import { perform } from '../../src/activities/activity-function.ts';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { takeSnapshot } from '../../src/activities/snapshot/activity.ts';
import { withOpenClone } from '../../src/postgres/clones.ts';
import { quoted } from '../../src/postgres/connect.ts';
import { databaseExists } from '../../src/postgres/databases.ts';
import { fingerprint } from '../../src/postgres/fingerprint.ts';
import type { MadeSnapshot } from '../../src/domain/snapshot.ts';
import { fencedDatabase, type FencedDatabase } from './fixtures/fenced-database-fixture.ts';

let here: FencedDatabase;
let snapshot: string;
beforeAll(async () => {
  here = await fencedDatabase('snapshot');
  snapshot = here.beside('snapshot');
});
afterAll(() => here.remove());
beforeEach(async () => {
  await here.asSuperuser('postgres', `DROP DATABASE IF EXISTS ${quoted(snapshot)} WITH (FORCE)`);
  await here.change((found) => {
    const { snapshot: _, ...rest } = found;
    return { ...rest, breaches: [], artifacts: [] };
  });
  here.said.length = 0;
});

const make = (plan = here.plan) =>
  perform(takeSnapshot, { ...here.dependencies, ...here.attempt() }, { plan, try: 1 });
const made = async () => {
  const found = await make();
  if (!found.made) throw new Error(found.why);
  return found;
};
const exists = () => here.asAdmin((admin) => databaseExists(admin, snapshot));
const createdAt = () =>
  here.asAdmin(
    async (admin) => (await admin.query('SELECT oid FROM pg_database WHERE datname = $1', [snapshot])).rows,
  );

describe('snapshot', () => {
  test('law 1: is a closed clone of what the database held when writes stopped, and the record knows it', async () => {
    const found = await made();
    const record = await here.record();
    expect(record?.snapshot).toEqual(found);
    expect(found).toMatchObject({
      database: snapshot,
      counts: record?.frozen?.counts,
      publicPrivileges: ['CONNECT'],
    });
    expect(found.fingerprint).toBe((await here.on(here.fencedName, fingerprint)).sha256);
    expect(Date.parse(found.keepUntil) - Date.parse(found.takenAt)).toBe(7 * 24 * 3_600_000);
    await expect(here.on(snapshot, fingerprint)).rejects.toThrow('not currently accepting connections');
  });

  test('law 8: run again it is found again, read again, and not made again', async () => {
    const found = await made();
    const before = await createdAt();
    expect(await made()).toEqual(found);
    expect(await createdAt()).toEqual(before);
  });

  test('law 8: a half-made clone of an attempt that died is dropped and made anew', async () => {
    await here.asSuperuser('postgres', `CREATE DATABASE ${quoted(snapshot)} OWNER ${here.owner}`);
    const found = await made();
    expect(found.counts).toMatchObject({ papers: 2_000 });
    expect(here.said.join()).toContain('half-made');
  });

  test('that somebody changed is no way back: it is made anew', async () => {
    const found = await made();
    await withOpenClone(here.adminUrl, { database: snapshot, operation: here.operation }, (client) =>
      client.query(`UPDATE papers SET title = 'forged' WHERE id = 1`),
    );
    const again = await made();
    expect(again.fingerprint).toBe(found.fingerprint);
    expect(here.said.join()).toContain('not those taken');
  });

  test('older than a writer that came back is made anew', async () => {
    const found = await made();
    const at = new Date().toISOString();
    await here.change((record) => ({ ...record, breaches: [{ at, what: 'a test', reachedDatabase: true }] }));
    expect((await made()).takenAt > found.takenAt).toBe(true);
  });

  test('of an operation that was taken up counts, and is kept where it does not', async () => {
    const found = await made();
    const older = snapshot.replace(here.operation.slice(3), 'ffffffff');
    await here.asSuperuser('postgres', `ALTER DATABASE ${quoted(snapshot)} RENAME TO ${quoted(older)}`);
    const taken: MadeSnapshot = { ...found, database: older };
    await here.change((record) => ({ ...record, snapshot: taken }));
    expect(await made()).toEqual(taken);
    await here.change((record) => ({ ...record, snapshot: { ...taken, fingerprint: '0'.repeat(64) } }));
    expect(await made()).toMatchObject({ database: snapshot });
    expect((await here.record())?.artifacts).toEqual([older]);
    expect(await here.asAdmin((admin) => databaseExists(admin, older))).toBe(true);
    await here.asSuperuser('postgres', `DROP DATABASE ${quoted(older)}`);
  });
});

describe('no snapshot is made, and it is said why', () => {
  test.each([
    ['that would take more than half of the free space', { freeSpace: '15MB' }, 'more than half'],
    ['where the definition wants none', { use: 'never' as const }, 'snapshot.use: never'],
    ['that takes longer than its time', { within: '1ms' }, 'longer than'],
  ])('%s', async (_name, definition, why) => {
    const found = await make(here.planned({ snapshot: definition }));
    expect(found).toMatchObject({ made: false, why: expect.stringContaining(why) as string });
    expect(here.said.join()).toContain('NO SNAPSHOT');
    expect(await exists()).toBe(false);
    expect((await here.record())?.snapshot).toBeUndefined();
    expect(await here.on(here.fencedName, fingerprint)).toBeDefined();
  });

  test('without the right to read every table', async () => {
    await here.asSuperuser(here.fencedName, 'CREATE TABLE private (); ALTER TABLE private OWNER TO postgres');
    try {
      expect(await make()).toMatchObject({
        made: false,
        why: expect.stringContaining('permission denied for table private') as string,
      });
      expect(await exists()).toBe(false);
    } finally {
      await here.asSuperuser(here.fencedName, 'DROP TABLE private');
    }
  });

  test('once the downgrade has begun', async () => {
    await here.change((record) => ({ ...record, pivotAt: new Date().toISOString() }));
    expect(await make()).toMatchObject({ made: false, why: expect.stringContaining('begun') as string });
    await here.change((found) => {
      const { pivotAt: _, ...rest } = found;
      return rest;
    });
  });
});

test('law 1: a clone that is not what was there when writes stopped is no snapshot, and holds', async () => {
  await here.on(here.fencedName, (client) => client.query(`INSERT INTO papers (title) VALUES ('late')`));
  await expect(make()).rejects.toMatchObject({
    type: 'SnapshotFailed',
    message: expect.stringContaining('table papers has 2001 rows, and had 2000') as string,
  });
  expect(await exists()).toBe(false);
  await here.on(here.fencedName, (client) => client.query(`DELETE FROM papers WHERE title = 'late'`));
});

test('law 6: an operation that lost the database makes none', async () => {
  const other = { ...here.plan, operation: 'bs-ffffffff' as const };
  await expect(make(other)).rejects.toMatchObject({ type: 'OperationLost' });
});
