import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { backupDirectory } from '../../lab/site.ts';
import { backUp } from '../../src/activities/back-up/activity.ts';
import { removeJobSecrets } from '../../src/activities/connections.ts';
import { restore } from '../../src/activities/restore/activity.ts';
import { deleteOperationJobs } from '../../src/kubernetes/jobs.ts';
import { lower } from '../../src/postgres/fence.ts';
import { counts } from '../../src/postgres/catalog.ts';
import { quoted } from '../../src/postgres/connect.ts';
import { databaseExists } from '../../src/postgres/databases.ts';
import type { Backup } from '../../src/domain/deeds.ts';
import { besideName } from '../../src/domain/names.ts';
import type { Plan } from '../../src/domain/plan/plan.ts';
import { frozenSite, type FrozenSite } from './backup-jobs-fixture.ts';

let it: FrozenSite;
let plan: Plan;
let backup: Backup;

beforeAll(async () => {
  it = await frozenSite();
  plan = await it.planned({ claim: 'backstep-backups', timeout: '5m' });
});
afterAll(() => it.remove());

describe('back-up', () => {
  test('makes a proven dump on the volume by a Job, and the record remembers it', async () => {
    backup = await backUp(it.means, { plan, try: 1 }, it.attempt());
    expect(backup).toMatchObject({
      claim: 'backstep-backups',
      proof: 'read',
      counts: await it.on(it.aside, counts),
    });
    expect((await it.record())?.backup).toEqual(backup);
    expect(readdirSync(join(backupDirectory(it.namespace), 'radar'))).toEqual([
      `${it.operation}-1.dump`,
      `${it.operation}-1.json`,
    ]);
  });

  test('of a crashed attempt is found with its Job, and one of the record is only checked', async () => {
    await it.change(({ backup: forgotten, ...rest }) => {
      expect(forgotten).toEqual(backup);
      return rest;
    });
    expect(await backUp(it.means, { plan, try: 1 }, it.attempt())).toMatchObject({ sha256: backup.sha256 });
    expect(await it.jobs()).toEqual(['back-up-1']);
    expect(await backUp(it.means, { plan, try: 2 }, it.attempt())).toMatchObject({ sha256: backup.sha256 });
    expect(await it.jobs()).toEqual(['back-up-1', 'back-up-2-check']);
  });

  test('is made anew after a writer has reached the database', async () => {
    const at = new Date().toISOString();
    await it.change((found) => ({ ...found, breaches: [{ at, what: 'a test', reachedDatabase: true }] }));
    const next = await backUp(it.means, { plan, try: 3 }, it.attempt());
    expect(next.file).toBe(`radar/${it.operation}-3.dump`);
    expect(await it.jobs()).toContain('back-up-3');
    backup = next;
  });

  test('on a full volume fails, says so, and leaves no file behind', async () => {
    const full = backupDirectory(it.namespace);
    await execa('mount', ['-t', 'tmpfs', '-o', 'size=16k,uid=10001,gid=10001', 'full', full]);
    try {
      await expect(backUp(it.means, { plan, try: 4 }, it.attempt())).rejects.toMatchObject({
        type: 'BackupFailed',
        message: expect.stringContaining('No space left on device') as string,
      });
      expect(readdirSync(join(full, 'radar'))).toEqual([]);
      expect((await it.record())?.backup).toEqual(backup);
    } finally {
      await execa('umount', [full]);
    }
  });
});

const noPoint = { made: false, why: 'none is made here' } as const;

const restored = () => restore(it.means, { plan, try: 1, point: noPoint, backup }, it.attempt());

describe('restore', () => {
  test('puts the backup in the place of a damaged database, which it keeps', async () => {
    await it.on(it.aside, (client) =>
      client.query(`DELETE FROM papers WHERE id > 10; UPDATE alembic_version SET version_num = '0004'`),
    );
    const failed = besideName(it.name, 'failed', it.operation);
    // As an attempt leaves it that died before it created its Job.
    const halfFilled = quoted(besideName(it.name, 'restored', it.operation));
    await it.asSuperuser('postgres', `CREATE DATABASE ${halfFilled} OWNER ${it.owner}`);
    const found = await restored();
    expect(found).toMatchObject({ kept: failed, revision: '0005', counts: backup.counts });
    expect(found.notes).toBeUndefined();
    expect((await it.record())?.kept).toEqual([failed]);
    expect(await it.on(failed, counts)).toMatchObject({ papers: 10 });
    expect(await it.on(it.aside, counts)).toEqual(backup.counts);
    expect(await it.asAdmin((admin) => databaseExists(admin, it.name))).toBe(false);
  });

  test('run again after it was done, changes nothing', async () => {
    const before = await it.jobs();
    await expect(restored()).resolves.toMatchObject({ revision: '0005' });
    expect(await it.jobs()).toEqual(before);
    expect((await it.record())?.kept).toHaveLength(1);
    await it.asAdmin((admin) => lower(admin, it));
    expect(await it.on(it.name, counts)).toEqual(backup.counts);
  });
});

test('Jobs and Secrets go when the operation ends', async () => {
  await removeJobSecrets(it.means, { operation: it.operation, service: plan.service });
  await deleteOperationJobs(it.means.cluster, it.namespace, it.operation);
  expect(await it.kubectl('get', 'secrets,jobs', '-o', 'name')).not.toContain(it.operation);
  expect(it.said.join('\n')).not.toMatch(/postgresql:\/\/[^*]*@/);
});
