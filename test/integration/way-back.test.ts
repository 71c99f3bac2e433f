import { perform } from '../../src/activities/activity-function.ts';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { backupDirectory } from '../../lab/site.ts';
import { backUp } from '../../src/activities/back-up/activity.ts';
import { downgrade } from '../../src/activities/downgrade/activity.ts';
import { wayBackStands } from '../../src/activities/downgrade/way-back.ts';
import type { Dependencies } from '../../src/activities/context.ts';
import { takeSnapshot } from '../../src/activities/snapshot/activity.ts';
import { without } from '../../src/kubernetes/without.ts';
import { closeClone, openClone, withOpenClone } from '../../src/postgres/clones.ts';
import { quoted, withDatabase } from '../../src/postgres/connect.ts';
import { shortHash } from '../../src/domain/plan/hash.ts';
import type { OperationRecord } from '../../src/domain/record.ts';
import type { Plan } from '../../src/domain/plan/plan.ts';
import type { MadeSnapshot, Snapshot } from '../../src/domain/snapshot.ts';
import { findings } from '../example-plan.ts';
import { fencedDatabase, type FencedDatabase } from './fixtures/fenced-database-fixture.ts';
import type { Backup } from '../../src/domain/backup.ts';
import type { WaysBack } from '../../src/activities/downgrade/step.ts';
import { approvedAtDowngrade } from '../../src/activities/downgrade/step.ts';

let here: FencedDatabase;
let snapshot: Snapshot;
let backup: Backup;
let database: string;
beforeAll(async () => {
  here = await fencedDatabase('way-back');
  database = here.beside('snapshot');
  snapshot = await perform(
    takeSnapshot,
    { ...here.dependencies, ...here.attempt() },
    { plan: here.plan, try: 1 },
  );
  backup = await perform(
    backUp,
    { ...here.dependencies, ...here.attempt() },
    { plan: here.plan, try: 1, snapshot },
  );
});
afterAll(() => here.remove());

/** What is found at the gate; both ways back where nothing else is said. */
async function asking(
  tried: number,
  { plan, ...ways }: Partial<WaysBack> & { plan?: Plan } = { snapshot, backup },
) {
  const { 'stop-writes': example, rehearse: rehearsal, salvage } = findings;
  const counts = (await here.record())?.frozen?.counts ?? {};
  const found: WaysBack = { stopped: { ...example, counts }, snapshot, rehearsal, salvage, ...ways };
  const approved = shortHash(approvedAtDowngrade(plan ?? here.plan, found));
  return { plan: plan ?? here.plan, try: tried, waysBack: found, approved };
}
const stands = async (...asked: Parameters<typeof asking>) =>
  perform(
    async (context, input) => wayBackStands(context, input, (await here.record()) as OperationRecord),
    { ...here.dependencies, ...here.attempt() },
    await asking(...asked),
  );
const looks = async () =>
  (await here.kubectl('get', 'jobs', '-o', 'name'))
    .split('\n')
    .filter((name) => name.includes('before-downgrade'));
const isOpen = () =>
  here.asAdmin(
    async (admin) =>
      (
        await admin.query<{ open: boolean }>(
          'SELECT datallowconn AS open FROM pg_database WHERE datname = $1',
          [database],
        )
      ).rows[0]?.open,
  );
const forge = (title: string) =>
  withOpenClone(here.adminUrl, { database, operation: here.operation }, (client) =>
    client.query('UPDATE papers SET title = $1 WHERE id = 1', [title]),
  );

/** Where it would keep the catalog, just before the pivot. */
const moving = (input: Awaited<ReturnType<typeof asking>>, meanwhile: () => Promise<unknown>) => {
  const storage = { put: meanwhile } as unknown as Dependencies['storage'];
  return perform(downgrade, { ...here.dependencies, storage, ...here.attempt() }, input);
};

describe('downgrade', () => {
  test('law 3: refuses where a writer reached the database while it was looked at, and there is no pivot', async () => {
    const breach = {
      at: new Date(Date.now() + 60_000).toISOString(),
      what: 'a pooler',
      reachedDatabase: true,
    };
    const meanwhile = () => here.change((record) => ({ ...record, breaches: [breach] }));
    await expect(moving(await asking(1), meanwhile)).rejects.toMatchObject({
      type: 'WritesCameBack',
      message: expect.stringContaining('a pooler') as string,
    });
    expect((await here.record())?.pivotAt).toBeUndefined();
    await here.change((record) => ({ ...record, breaches: [] }));
  });

  test('law 1: with a backup that comes later, refuses unless the snapshot of the record stands', async () => {
    const { service } = here.plan;
    const later = {
      ...here.plan,
      service: { ...service, backup: { ...service.backup, proveBefore: 'resume' as const } },
    };
    const relying = async (on: Snapshot) =>
      moving(await asking(1, { plan: later, snapshot: on }), () => Promise.reject(new Error('it goes on')));
    if (!snapshot.made) throw new Error(snapshot.why);
    await expect(relying({ made: false, why: 'no space' })).rejects.toThrow(/holds no proven backup/);
    await expect(relying({ ...snapshot, fingerprint: '0'.repeat(64) })).rejects.toThrow(
      /does not hold .*__snapshot_/,
    );
    await expect(relying(snapshot)).rejects.toThrow('it goes on');
    const gone = { ...snapshot, database: `${database}_gone` };
    await here.change((record) => ({ ...record, snapshot: gone }));
    await expect(relying(gone)).rejects.toThrow(/no way back is left: snapshot .* not on the server/);
    await here.change((record) => ({ ...record, snapshot: snapshot as MadeSnapshot }));
    await here.asAdmin((admin) => closeClone(admin, database));
  });
});

describe('law 1: right before the downgrade', () => {
  test('a snapshot that holds what it held is a way back, and stays closed; no Job is needed', async () => {
    await stands(1);
    expect(await looks()).toEqual([]);
    expect(await isOpen()).toBe(false);
  });

  test('one that is being dumped is read, and the dump goes on', async () => {
    await here.change((record) => without(record, ['backup']));
    await here.asAdmin((admin) => openClone(admin, database));
    const dump = new Client({ connectionString: withDatabase(here.adminUrl, database) });
    await dump.connect();
    await stands(1, { snapshot });
    await dump.query('SELECT 1');
    await dump.end();
    expect(await isOpen()).toBe(true);
    await here.asAdmin((admin) => closeClone(admin, database));
    await here.change((record) => ({ ...record, backup }));
  });

  test('where somebody changed it, the dump is checked by a Job, and is the way back', async () => {
    await forge('forged');
    await stands(2);
    expect(await looks()).toEqual([`job.batch/${here.operation}-back-up-2-before-downgrade`]);
    expect(here.said.join()).toMatch(/the backup alone is the way back: snapshot .* not those taken/);
  });

  test('where the dump is gone as well, or is only to come, nothing is moved', async () => {
    rmSync(join(backupDirectory(here.namespace), backup.file));
    await expect(stands(3)).rejects.toMatchObject({
      type: 'BackupNotProved',
      message: expect.stringMatching(
        /no way back is left: snapshot .* not those taken; backup: .* is not on the volume any more.*`abort`/,
      ) as string,
    });
    await here.asAdmin((admin) => admin.query(`DROP DATABASE ${quoted(database)}`));
    await expect(stands(4, { snapshot })).rejects.toThrow(
      /no way back is left: snapshot .* not on the server any more\./,
    );
  });
});
