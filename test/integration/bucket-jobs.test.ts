import { afterAll, beforeAll, expect, test } from 'vitest';
import { s3Server, type S3Server } from '../../lab/s3.ts';
import { backUp } from '../../src/activities/back-up/activity.ts';
import { restore } from '../../src/activities/restore/activity.ts';
import { cloneDatabase, withOpenClone } from '../../src/postgres/clones.ts';
import { fingerprint } from '../../src/postgres/fingerprint.ts';
import type { Backup } from '../../src/domain/deeds.ts';
import { besideName } from '../../src/domain/names.ts';
import type { Plan } from '../../src/domain/plan/plan.ts';
import type { MadeRestorePoint } from '../../src/domain/snapshot.ts';
import { frozenSite, type FrozenSite } from './backup-jobs-fixture.ts';

/** Jobs that back up into a bucket, from the restore point, while the rollback moves the database. */

let it: FrozenSite;
let s3: S3Server;
let plan: Plan;
let point: MadeRestorePoint;
let backup: Backup;

beforeAll(async () => {
  it = await frozenSite();
  s3 = await s3Server(it.lab.postgres.host);
  const credentials = {
    accessKeyId: await it.secret('bucket-id', s3.accessKeyId),
    secretAccessKey: await it.secret('bucket-secret', s3.secretAccessKey),
  };
  const { bucket, endpoint } = s3;
  plan = await it.planned({
    s3: { bucket, prefix: 'production', endpoint, forcePathStyle: true, credentials },
    format: 'directory',
    proof: 'restore',
    timeout: '5m',
  });
  point = await restorePoint();
  await it.on(it.aside, (client) => client.query('DELETE FROM papers WHERE id > 100'));
}, 300_000);
afterAll(async () => {
  await it.remove();
  await s3.remove();
});

async function restorePoint(): Promise<MadeRestorePoint> {
  const { operation } = it;
  const database = besideName(it.name, 'point', operation);
  const takenAt = new Date().toISOString();
  const cloning = { from: it.aside, to: database, operation, sourceStays: 'open' } as const;
  const cloned = await cloneDatabase(it.adminUrl, cloning);
  const { sha256, counts } = await withOpenClone(it.adminUrl, { database, operation }, (client) =>
    fingerprint(client),
  );
  return { ...cloned, made: true, database, takenAt, fingerprint: sha256, counts, keepUntil: takenAt };
}

const noPoint = { made: false, why: 'none is made here' } as const;

test('a backup comes from the restore point, is proved by restoring it, and leaves the point closed', async () => {
  backup = await backUp(it.means, { plan, try: 1, point, beside: true }, it.attempt());
  expect(backup).toMatchObject({
    bucket: s3.bucket,
    file: `production/radar/${it.operation}-1.dump`,
    format: 'directory',
    proof: 'restore',
    fingerprint: point.fingerprint,
    counts: point.counts,
    takenAt: point.takenAt,
  });
  expect((await it.record())?.backup).toEqual(backup);
  expect(await it.jobs()).toEqual(['back-up-1', 'back-up-1-drill']);
  const left = await it.asAdmin((admin) =>
    admin.query<{ datname: string; datallowconn: boolean }>(
      'SELECT datname, datallowconn FROM pg_database WHERE datname = ANY ($1)',
      [[point.database, besideName(it.name, 'drill', it.operation)]],
    ),
  );
  expect(left.rows).toEqual([{ datname: point.database, datallowconn: false }]);
});

test('a restore drill for which there is no room is not begun: the backup is not proved', async () => {
  const { service } = plan;
  const small = { ...service, restorePoint: { ...service.restorePoint, freeSpace: '1MB' } };
  const before = await it.record();
  await it.change(({ backup: known, ...rest }) => (known === undefined ? { ...rest } : rest));
  const again = { plan: { ...plan, service: small }, try: 4, point, beside: true };
  await expect(backUp(it.means, again, it.attempt())).rejects.toMatchObject({
    type: 'BackupNotProved',
    message: expect.stringMatching(/no room for a restore drill: .* more than half/) as string,
  });
  await it.change((record) => ({ ...record, ...(before?.backup && { backup: before.backup }) }));
});

test('law 9: no access key is in a Job, nor in a Secret of ours', async () => {
  const ours = `backstep.dev/operation=${it.operation}`;
  const seen = await it.kubectl('get', 'jobs,pods,secrets', '-l', ours, '-o', 'yaml');
  expect(seen).toContain('back-up-1-drill');
  for (const text of [s3.secretAccessKey, Buffer.from(s3.secretAccessKey).toString('base64')])
    expect(seen).not.toContain(text);
});

test('law 1: a dump of another state than when writes stopped is no backup', async () => {
  const again = backUp(it.means, { plan, try: 2, point: noPoint }, it.attempt());
  await expect(again).resolves.toEqual(backup);
  await it.change(({ backup: forgotten, ...rest }) => {
    expect(forgotten).toEqual(backup);
    return rest;
  });
  const ofTheMoved = backUp(it.means, { plan, try: 3, point: noPoint }, it.attempt());
  await expect(ofTheMoved).rejects.toMatchObject({
    type: 'BackupNotProved',
    message: expect.stringMatching(/table papers has 100 rows, and had 2000/) as string,
  });
  expect((await it.record())?.backup).toBeUndefined();
});

test('law 7: a restore out of the bucket takes the place of the moved database, which is kept', async () => {
  const found = await restore(it.means, { plan, try: 1, point: noPoint, backup }, it.attempt());
  expect(found).toMatchObject({ counts: backup.counts, revision: '0005' });
  const { sha256 } = await it.on(it.aside, (client) => fingerprint(client));
  expect(sha256).toBe(point.fingerprint);
});
