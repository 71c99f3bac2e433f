import { perform } from '../../src/activities/activity-function.ts';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { backUp } from '../../src/activities/back-up/activity.ts';
import { artifacts, removeArtifacts } from '../../src/activities/messages/artifacts/artifacts.ts';
import type { Dependencies } from '../../src/activities/context.ts';
import { takeSnapshot } from '../../src/activities/snapshot/activity.ts';
import { close } from '../../src/kubernetes/records.ts';
import { lower } from '../../src/postgres/fence.ts';
import { quoted } from '../../src/postgres/connect.ts';
import { databaseExists } from '../../src/postgres/databases.ts';
import type { OperationId } from '../../src/domain/names.ts';
import { fencedDatabase, type FencedDatabase } from './fixtures/fenced-database-fixture.ts';
import type { Backup } from '../../src/domain/backup.ts';

let here: FencedDatabase;
let dependencies: Dependencies;
let backup: Backup;
/** Of the workflow that lists or removes. */
const operation: OperationId = `bs-${Date.now().toString(16).slice(-8)}`;
const service = 'radar';
const list = async () =>
  (await artifacts({ ...dependencies, ...here.attempt() }, { request: { service }, operation })).artifacts;
const remove = (names: string[], expired = false) =>
  removeArtifacts(
    { ...dependencies, ...here.attempt() },
    { request: { service, names, expired }, operation },
  );

beforeAll(async () => {
  here = await fencedDatabase('kept');
  const { plan } = here;
  const definitions = { load: async () => ({ definition: plan.service }), list: async () => [service] };
  dependencies = { ...here.dependencies, definitions, jobImage: plan.jobImage };
  const snapshot = await perform(takeSnapshot, { ...dependencies, ...here.attempt() }, { plan, try: 1 });
  backup = await perform(backUp, { ...dependencies, ...here.attempt() }, { plan, try: 1, snapshot });
});
afterAll(() => here.remove());

test('law 1: while the operation is open, all of it is listed as held, and stays', async () => {
  const snapshot = here.beside('snapshot');
  const all = await list();
  expect(all.map(({ name, kind }) => [name, kind])).toEqual([
    [snapshot, 'snapshot'],
    [backup.file, 'dump'],
  ]);
  expect(all.every(({ heldBy, expired }) => heldBy?.includes(here.operation) && !expired)).toBe(true);
  const { removed, refused } = await remove([snapshot, backup.file, here.fencedName, 'postgres']);
  expect(removed).toEqual([]);
  expect(refused.map(({ name }) => name)).toEqual([snapshot, backup.file, here.fencedName, 'postgres']);
  expect((await list()).map(({ name }) => name)).toEqual(all.map(({ name }) => name));
});

test('after the end it stays for its time, and goes by name: database, dump and manifest', async () => {
  const [snapshot, failed] = [here.beside('snapshot'), here.beside('failed')];
  await here.asSuperuser('postgres', `CREATE DATABASE ${quoted(failed)} OWNER ${here.owner}`);
  await here.change((record) => ({ ...record, artifacts: [failed] }));
  await here.asAdmin((admin) => lower(admin, here));
  const { operation: ended } = here;
  await close(
    dependencies.cluster,
    'backstep',
    here.plan.database,
    ended,
    {
      operation: ended,
      from: '0005',
      target: '0004',
      outcome: 'restored',
      endedAt: '2025-01-01T00:00:00.000Z',
    },
    60_000,
  );
  const all = await list();
  expect(all).toMatchObject([
    { name: failed, kind: 'failed database', since: '2025-01-01T00:00:00.000Z', expired: true },
    { name: snapshot, kind: 'snapshot', expired: false },
    {
      name: backup.file,
      kind: 'dump',
      bytes: backup.bytes,
      since: expect.any(String) as string,
      until: backup.keepUntil,
      expired: false,
    },
  ]);
  expect(all.every(({ bytes = 0 }) => bytes > 0)).toBe(true);

  expect(await remove([], true)).toMatchObject({ removed: [failed], refused: [] });
  expect(await remove([snapshot, backup.file, failed, here.name])).toMatchObject({
    removed: [snapshot, backup.file],
    refused: [{ name: failed }, { name: here.name }],
  });
  expect(await list()).toEqual([]);
  for (const name of [snapshot, failed])
    expect(await here.asAdmin((admin) => databaseExists(admin, name))).toBe(false);
  expect(await here.asAdmin((admin) => databaseExists(admin, here.name))).toBe(true);
  expect(await here.kubectl('get', 'jobs', '-l', `backstep.dev/operation=${operation}`, '-o', 'name')).toBe(
    '',
  );
});

test('what the server refuses to drop is refused by name, and stays as it was', async () => {
  const failed = here.beside('failed');
  await here.asSuperuser('postgres', `CREATE DATABASE ${quoted(failed)} OWNER ${here.owner}`);
  const subscription = `sub_${operation.slice(3)}`;
  await here.asSuperuser(
    failed,
    `CREATE SUBSCRIPTION ${subscription} CONNECTION 'host=nowhere' PUBLICATION p WITH (connect = false, slot_name = NONE)`,
  );
  try {
    const { removed, refused } = await remove([failed]);
    expect(removed).toEqual([]);
    expect(refused[0]?.why).toMatch(/subscription. Drop that first/);
  } finally {
    await here.asSuperuser(failed, `DROP SUBSCRIPTION ${subscription}`);
  }
});
