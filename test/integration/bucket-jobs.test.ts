import { perform } from '../../src/activities/activity-function.ts';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { s3Server, type S3Server } from '../../lab/s3.ts';
import { backUp } from '../../src/activities/back-up/activity.ts';
import { restore } from '../../src/activities/restore/activity.ts';
import { cloneDatabase, withOpenClone } from '../../src/postgres/clones.ts';
import { fingerprint } from '../../src/postgres/fingerprint.ts';
import { siblingName } from '../../src/domain/names.ts';
import type { Plan } from '../../src/domain/plan/plan.ts';
import type { MadeSnapshot } from '../../src/domain/snapshot.ts';
import { fencedDatabase, type FencedDatabase } from './fixtures/fenced-database-fixture.ts';
import type { Backup } from '../../src/domain/backup.ts';

/** Jobs that back up into a bucket, from the snapshot, while the rollback moves the database. */

let fixture: FencedDatabase;
let s3: S3Server;
let plan: Plan;
let snapshot: MadeSnapshot;
let backup: Backup;

beforeAll(async () => {
  fixture = await fencedDatabase('bucket');
  s3 = await s3Server(fixture.lab.postgres.host);
  const credentials = {
    accessKeyId: await fixture.secret('bucket-id', s3.accessKeyId),
    secretAccessKey: await fixture.secret('bucket-secret', s3.secretAccessKey),
  };
  const { bucket, endpoint } = s3;
  plan = fixture.planned({
    backup: {
      s3: { bucket, prefix: 'production', endpoint, forcePathStyle: true, credentials },
      format: 'directory',
      proof: 'restore',
      timeout: '5m',
    },
  });
  snapshot = await takeSnapshot();
  await fixture.on(fixture.fencedName, (client) => client.query('DELETE FROM papers WHERE id > 100'));
}, 300_000);
afterAll(async () => {
  await fixture.remove();
  await s3.remove();
});

async function takeSnapshot(): Promise<MadeSnapshot> {
  const { operation } = fixture;
  const database = siblingName(fixture.name, 'snapshot', operation);
  const takenAt = new Date().toISOString();
  const cloning = { from: fixture.fencedName, to: database, operation, sourceStays: 'open' } as const;
  const cloned = await cloneDatabase(fixture.adminUrl, cloning);
  const { sha256, counts } = await withOpenClone(fixture.adminUrl, { database, operation }, (client) =>
    fingerprint(client),
  );
  return {
    ...cloned,
    made: true,
    kind: 'clone',
    database,
    takenAt,
    fingerprint: sha256,
    counts,
    keepUntil: takenAt,
  };
}

const noSnapshot = { made: false, why: 'none is made here' } as const;

test('a backup comes from the snapshot, is proved by restoring it, and leaves the snapshot closed', async () => {
  backup = await perform(
    backUp,
    { ...fixture.dependencies, ...fixture.attempt() },
    { plan, try: 1, snapshot, fromSnapshot: true },
  );
  expect(backup).toMatchObject({
    store: `s3://${s3.bucket}`,
    file: `production/radar/${fixture.operation}-1.dump`,
    format: 'directory',
    proof: 'restore',
    fingerprint: snapshot.fingerprint,
    counts: snapshot.counts,
    takenAt: snapshot.takenAt,
  });
  expect((await fixture.record())?.backup).toEqual(backup);
  expect(await fixture.jobs()).toEqual(['back-up-1', 'back-up-1-drill']);
  const left = await fixture.asAdmin((admin) =>
    admin.query<{ datname: string; datallowconn: boolean }>(
      'SELECT datname, datallowconn FROM pg_database WHERE datname = ANY ($1)',
      [[snapshot.database, siblingName(fixture.name, 'drill', fixture.operation)]],
    ),
  );
  expect(left.rows).toEqual([{ datname: snapshot.database, datallowconn: false }]);
});

test('a restore drill for which there is no room is not begun: the backup is not proved', async () => {
  const { service } = plan;
  const small = { ...service, snapshot: { ...service.snapshot, freeSpace: '1MB' } };
  const before = await fixture.record();
  await fixture.change(({ backup: known, ...rest }) => (known === undefined ? { ...rest } : rest));
  const again = { plan: { ...plan, service: small }, try: 4, snapshot, fromSnapshot: true };
  await expect(
    perform(backUp, { ...fixture.dependencies, ...fixture.attempt() }, again),
  ).rejects.toMatchObject({
    type: 'BackupNotProved',
    message: expect.stringMatching(/no room for a restore drill: .* more than half/) as string,
  });
  await fixture.change((record) => ({ ...record, ...(before?.backup && { backup: before.backup }) }));
});

test('law 9: no access key is in a Job, nor in a Secret of ours', async () => {
  const ours = `backstep.dev/operation=${fixture.operation}`;
  const seen = await fixture.kubectl('get', 'jobs,pods,secrets', '-l', ours, '-o', 'yaml');
  expect(seen).toContain('back-up-1-drill');
  for (const text of [s3.secretAccessKey, Buffer.from(s3.secretAccessKey).toString('base64')])
    expect(seen).not.toContain(text);
});

test('law 1: a dump of another state than when writes stopped is no backup', async () => {
  const again = perform(
    backUp,
    { ...fixture.dependencies, ...fixture.attempt() },
    { plan, try: 2, snapshot: noSnapshot },
  );
  await expect(again).resolves.toEqual(backup);
  await fixture.change(({ backup: forgotten, ...rest }) => {
    expect(forgotten).toEqual(backup);
    return rest;
  });
  const ofTheMoved = perform(
    backUp,
    { ...fixture.dependencies, ...fixture.attempt() },
    { plan, try: 3, snapshot: noSnapshot },
  );
  await expect(ofTheMoved).rejects.toMatchObject({
    type: 'BackupNotProved',
    message: expect.stringMatching(/table papers has 100 rows, and had 2000/) as string,
  });
  expect((await fixture.record())?.backup).toBeUndefined();
});

test('law 7: a restore out of the bucket takes the place of the moved database, which is kept', async () => {
  const found = await perform(
    restore,
    { ...fixture.dependencies, ...fixture.attempt() },
    { plan, try: 1, snapshot: noSnapshot, backup },
  );
  expect(found).toMatchObject({ counts: backup.counts, revision: '0005' });
  const { sha256 } = await fixture.on(fixture.fencedName, (client) => fingerprint(client));
  expect(sha256).toBe(snapshot.fingerprint);
});
