import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { jobImage } from '../../lab/job-image.ts';
import { backupDirectory, kubectl, prepareSite, removeSite } from '../../lab/site.ts';
import { backUp } from '../../src/activities/back-up.ts';
import { removeJobSecrets } from '../../src/activities/connections.ts';
import type { Attempt, Means } from '../../src/activities/means.ts';
import { restore } from '../../src/activities/restore.ts';
import { connect } from '../../src/kubernetes/cluster.ts';
import { deleteOperationJobs } from '../../src/kubernetes/jobs.ts';
import { claim, close, readRecord, update } from '../../src/kubernetes/records.ts';
import { lower, raise } from '../../src/postgres/barrier.ts';
import { catalog, catalogHash, counts } from '../../src/postgres/catalog.ts';
import { quoted, withClient, withDatabase, type Client } from '../../src/postgres/connect.ts';
import { databaseExists } from '../../src/postgres/databases.ts';
import type { Backup } from '../../src/runbook/deeds.ts';
import { besideName } from '../../src/runbook/names.ts';
import type { Plan } from '../../src/runbook/plan.ts';
import { examplePlan } from '../example-plan.ts';
import { fixture, type Fixture } from './postgres-fixture.ts';

let it: Fixture;
let plan: Plan;
let means: Means;
let kubeconfig: string;
let backup: Backup;
const said: string[] = [];
const directory = mkdtempSync(join(tmpdir(), 'site-'));
const namespace = `p-slice-${Date.now().toString(36).slice(-5)}`;

beforeAll(async () => {
  it = await fixture();
  await kubectl(it.lab, ['create', 'namespace', namespace]);
  ({ kubeconfig } = await prepareSite(it.lab, namespace, directory));
  await secret('database', it.url.replace('postgresql://', 'postgresql+psycopg://'));
  await secret('admin', it.adminUrl);
  plan = await planned();
  means = { cluster: connect(kubeconfig), recordsNamespace: 'backstep' } as Means;
  await claim(means.cluster, 'backstep', {
    version: 1,
    operation: it.operation,
    workflowId: 'test',
    runId: 'test',
    service: 'radar',
    namespace,
    startedAt: new Date().toISOString(),
    database: plan.database,
    from: '0005',
    target: '0004',
    stopped: { workloads: [], cronJobs: [] },
    frozen: await on(it.name, async (client) => ({
      at: new Date().toISOString(),
      counts: await counts(client),
      catalog: catalogHash(await catalog(client)),
    })),
    breaches: [],
    kept: [],
  });
  await asAdmin((admin) => raise(admin, it));
});
afterAll(async () => {
  await it.remove();
  await kubectl(it.lab, ['delete', 'namespace', namespace, '--wait=false']);
  await removeSite(it.lab, namespace);
  rmSync(directory, { recursive: true });
  rmSync(backupDirectory(namespace), { recursive: true });
  const ended = { operation: it.operation, from: '0005', target: '0004', outcome: 'restored' };
  await close(means.cluster, 'backstep', plan.database, it.operation, {
    ...ended,
    endedAt: new Date().toISOString(),
  });
});

async function secret(name: string, url: string): Promise<void> {
  const object = {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name, namespace },
    stringData: { DATABASE_URL: url },
  };
  await kubectl(it.lab, ['apply', '-f', '-'], JSON.stringify(object));
}

const reference = (name: string) => ({ secret: name, key: 'DATABASE_URL' });

async function planned(): Promise<Plan> {
  const database = {
    url: reference('database'),
    admin: reference('admin'),
    extensionAdmin: reference('backstep-extensions'),
    tables: ['papers'],
    extensions: ['vector'],
  };
  const example = examplePlan(
    {},
    { namespace, database, backup: { claim: 'backstep-backups', timeout: '5m' } },
  );
  return {
    ...example,
    operation: it.operation,
    jobImage: await jobImage(it.lab),
    database: {
      ...example.database,
      name: it.name,
      owner: it.owner,
      role: it.owner,
      aside: it.aside,
      server: it.operation,
    },
  };
}

const attempt = (): Attempt => ({
  signal: new AbortController().signal,
  cancelRequested: () => false,
  progress: ({ doing }) => said.push(doing),
  log: { info: () => {}, warn: (message) => said.push(message) },
});
const asAdmin = <T>(use: (admin: Client) => Promise<T>) => withClient(it.adminUrl, {}, use);
const on = <T>(database: string, use: (client: Client) => Promise<T>) =>
  withClient(withDatabase(it.adminUrl, database), {}, use);
const record = async () => (await readRecord(means.cluster, 'backstep', plan.database)).record;
const jobs = async () =>
  (
    await kubectl(it.lab, [
      '-n',
      namespace,
      'get',
      'jobs',
      '-o',
      'name',
      '--sort-by=.metadata.creationTimestamp',
    ])
  )
    .split('\n')
    .filter(Boolean)
    .map((name) => name.replace(`job.batch/${it.operation}-`, ''));

describe('back-up', () => {
  test('makes a proven dump on the volume by a Job, and the record remembers it', async () => {
    backup = await backUp(means, { plan, try: 1 }, attempt());
    expect(backup).toMatchObject({
      claim: 'backstep-backups',
      proof: 'read',
      counts: await on(it.aside, counts),
    });
    expect((await record())?.backup).toEqual(backup);
    expect(readdirSync(join(backupDirectory(namespace), 'radar'))).toEqual([
      `${it.operation}-1.dump`,
      `${it.operation}-1.json`,
    ]);
  });

  test('of a crashed attempt is found with its Job, and one of the record is only checked', async () => {
    await update(means.cluster, 'backstep', plan.database, it.operation, ({ backup: forgotten, ...rest }) => {
      expect(forgotten).toEqual(backup);
      return rest;
    });
    expect(await backUp(means, { plan, try: 1 }, attempt())).toMatchObject({ sha256: backup.sha256 });
    expect(await jobs()).toEqual(['back-up-1']);
    expect(await backUp(means, { plan, try: 2 }, attempt())).toMatchObject({ sha256: backup.sha256 });
    expect(await jobs()).toEqual(['back-up-1', 'back-up-2-check']);
  });

  test('is made anew after a writer has reached the database', async () => {
    const at = new Date().toISOString();
    await update(means.cluster, 'backstep', plan.database, it.operation, (found) => ({
      ...found,
      breaches: [{ at, what: 'a test', reachedDatabase: true }],
    }));
    const next = await backUp(means, { plan, try: 3 }, attempt());
    expect(next.file).toBe(`radar/${it.operation}-3.dump`);
    expect(await jobs()).toContain('back-up-3');
    backup = next;
  });

  test('on a full volume fails, says so, and leaves no file behind', async () => {
    const full = backupDirectory(namespace);
    await execa('mount', ['-t', 'tmpfs', '-o', 'size=16k,uid=10001,gid=10001', 'full', full]);
    try {
      await expect(backUp(means, { plan, try: 4 }, attempt())).rejects.toMatchObject({
        type: 'BackupFailed',
        message: expect.stringContaining('No space left on device') as string,
      });
      expect(readdirSync(join(full, 'radar'))).toEqual([]);
      expect((await record())?.backup).toEqual(backup);
    } finally {
      await execa('umount', [full]);
    }
  });
});

describe('restore', () => {
  test('puts the backup in the place of a damaged database, which it keeps', async () => {
    await on(it.aside, (client) =>
      client.query(`DELETE FROM papers WHERE id > 10; UPDATE alembic_version SET version_num = '0004'`),
    );
    const failed = besideName(it.name, 'failed', it.operation);
    // As an attempt leaves it that died before it created its Job.
    const halfFilled = quoted(besideName(it.name, 'restored', it.operation));
    await it.asSuperuser('postgres', `CREATE DATABASE ${halfFilled} OWNER ${it.owner}`);
    const restored = await restore(means, { plan, try: 1, backup }, attempt());
    expect(restored).toMatchObject({ kept: failed, revision: '0005', counts: backup.counts });
    expect(restored.notes).toBeUndefined();
    expect((await record())?.kept).toEqual([failed]);
    expect(await on(failed, counts)).toMatchObject({ papers: 10 });
    expect(await on(it.aside, counts)).toEqual(backup.counts);
    expect(await asAdmin((admin) => databaseExists(admin, it.name))).toBe(false);
  });

  test('run again after it was done, changes nothing', async () => {
    const before = await jobs();
    await expect(restore(means, { plan, try: 1, backup }, attempt())).resolves.toMatchObject({
      revision: '0005',
    });
    expect(await jobs()).toEqual(before);
    expect((await record())?.kept).toHaveLength(1);
    await asAdmin((admin) => lower(admin, it));
    expect(await on(it.name, counts)).toEqual(backup.counts);
  });
});

test('Jobs and Secrets go when the operation ends', async () => {
  await removeJobSecrets(means, { operation: it.operation, service: plan.service });
  await deleteOperationJobs(means.cluster, namespace, it.operation);
  const left = await kubectl(it.lab, ['-n', namespace, 'get', 'secrets,jobs', '-o', 'name']);
  expect(left).not.toContain(it.operation);
  expect(said.join('\n')).not.toMatch(/postgresql:\/\/[^*]*@/);
});
