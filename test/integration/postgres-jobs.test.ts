import { perform } from '../../src/activities/activity-function.ts';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { backupDirectory } from '../../lab/site.ts';
import { backUp } from '../../src/activities/back-up/activity.ts';
import { removeJobSecrets } from '../../src/activities/jobs.ts';
import { restore } from '../../src/activities/restore/activity.ts';
import { deleteOperationJobs } from '../../src/kubernetes/jobs.ts';
import { lower } from '../../src/postgres/fence.ts';
import { counts } from '../../src/postgres/catalog.ts';
import { quoted } from '../../src/postgres/connect.ts';
import { databaseExists } from '../../src/postgres/databases.ts';
import { siblingName } from '../../src/domain/names.ts';
import type { Plan } from '../../src/domain/plan/plan.ts';
import { fencedDatabase, type FencedDatabase } from './fixtures/fenced-database-fixture.ts';
import type { Backup } from '../../src/domain/backup.ts';

let fixture: FencedDatabase;
let plan: Plan;
let backup: Backup;

beforeAll(async () => {
  fixture = await fencedDatabase('postgres');
  ({ plan } = fixture);
});
afterAll(() => fixture.remove());

describe('back-up', () => {
  test('makes a proven dump on the volume by a Job, and the record remembers it', async () => {
    backup = await perform(backUp, { ...fixture.dependencies, ...fixture.attempt() }, { plan, try: 1 });
    expect(backup).toMatchObject({
      store: 'volume claim backstep-backups',
      proof: 'read',
      counts: await fixture.on(fixture.fencedName, counts),
    });
    expect((await fixture.record())?.backup).toEqual(backup);
    expect(readdirSync(join(backupDirectory(fixture.namespace), 'radar'))).toEqual([
      `${fixture.operation}-1.dump`,
      `${fixture.operation}-1.json`,
    ]);
  });

  test('of a crashed attempt is found with its Job, and one of the record is only checked', async () => {
    await fixture.change(({ backup: forgotten, ...rest }) => {
      expect(forgotten).toEqual(backup);
      return rest;
    });
    expect(
      await perform(backUp, { ...fixture.dependencies, ...fixture.attempt() }, { plan, try: 1 }),
    ).toMatchObject({
      sha256: backup.sha256,
    });
    expect(await fixture.jobs()).toEqual(['back-up-1']);
    expect(
      await perform(backUp, { ...fixture.dependencies, ...fixture.attempt() }, { plan, try: 2 }),
    ).toMatchObject({
      sha256: backup.sha256,
    });
    expect(await fixture.jobs()).toEqual(['back-up-1', 'back-up-2-check']);
  });

  test('is made anew after a writer has reached the database', async () => {
    const at = new Date().toISOString();
    await fixture.change((found) => ({
      ...found,
      breaches: [{ at, what: 'a test', reachedDatabase: true }],
    }));
    const next = await perform(backUp, { ...fixture.dependencies, ...fixture.attempt() }, { plan, try: 3 });
    expect(next.file).toBe(`radar/${fixture.operation}-3.dump`);
    expect(await fixture.jobs()).toContain('back-up-3');
    backup = next;
  });

  test('on a full volume fails, says so, and leaves no file behind', async () => {
    const full = backupDirectory(fixture.namespace);
    await execa('mount', ['-t', 'tmpfs', '-o', 'size=16k,uid=10001,gid=10001', 'full', full]);
    try {
      await expect(
        perform(backUp, { ...fixture.dependencies, ...fixture.attempt() }, { plan, try: 4 }),
      ).rejects.toMatchObject({
        type: 'BackupFailed',
        message: expect.stringContaining('No space left on device') as string,
      });
      expect(readdirSync(join(full, 'radar'))).toEqual([]);
      expect((await fixture.record())?.backup).toEqual(backup);
    } finally {
      await execa('umount', [full]);
    }
  });
});

const noSnapshot = { made: false, why: 'none is made here' } as const;

const restored = () =>
  perform(
    restore,
    { ...fixture.dependencies, ...fixture.attempt() },
    { plan, try: 1, snapshot: noSnapshot, backup },
  );

describe('restore', () => {
  test('puts the backup in the place of a damaged database, which it keeps', async () => {
    await fixture.on(fixture.fencedName, (client) =>
      client.query(`DELETE FROM papers WHERE id > 10; UPDATE alembic_version SET version_num = '0004'`),
    );
    const failed = siblingName(fixture.name, 'failed', fixture.operation);
    // As an attempt leaves it that died before it created its Job.
    const halfFilled = quoted(siblingName(fixture.name, 'restored', fixture.operation));
    await fixture.asSuperuser('postgres', `CREATE DATABASE ${halfFilled} OWNER ${fixture.owner}`);
    const found = await restored();
    expect(found).toMatchObject({ failedDatabase: failed, revision: '0005', counts: backup.counts });
    expect(found.notes).toEqual([]);
    expect((await fixture.record())?.artifacts).toEqual([failed]);
    expect(await fixture.on(failed, counts)).toMatchObject({ papers: 10 });
    expect(await fixture.on(fixture.fencedName, counts)).toEqual(backup.counts);
    expect(await fixture.asAdmin((admin) => databaseExists(admin, fixture.name))).toBe(false);
  });

  test('run again after it was done, changes nothing', async () => {
    const before = await fixture.jobs();
    await expect(restored()).resolves.toMatchObject({ revision: '0005' });
    expect(await fixture.jobs()).toEqual(before);
    expect((await fixture.record())?.artifacts).toHaveLength(1);
    await fixture.asAdmin((admin) => lower(admin, fixture));
    expect(await fixture.on(fixture.name, counts)).toEqual(backup.counts);
  });
});

test('Jobs and Secrets go when the operation ends', async () => {
  await removeJobSecrets(fixture.dependencies.cluster, {
    operation: fixture.operation,
    service: plan.service,
  });
  await deleteOperationJobs(fixture.dependencies.cluster, fixture.namespace, fixture.operation);
  expect(await fixture.kubectl('get', 'secrets,jobs', '-o', 'name')).not.toContain(fixture.operation);
  expect(fixture.said.join('\n')).not.toMatch(/postgresql:\/\/[^*]*@/);
});
