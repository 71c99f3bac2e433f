import { perform } from '../../src/activities/activity-function.ts';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { backupDirectory, kubectl, prepareSite, removeSite } from '../../lab/site.ts';
import { snapshotsOf, readSnapshot } from '../../src/probes/snapshots.ts';
import type { Attempt, Dependencies } from '../../src/activities/context.ts';
import { putInPlace } from '../../src/activities/put-in-place/activity.ts';
import { restoreNewDatabase } from '../../src/activities/restore-new-database/activity.ts';
import { connect } from '../../src/kubernetes/cluster.ts';
import { claim, close, readRecord, update } from '../../src/kubernetes/records.ts';
import { raise } from '../../src/postgres/fence.ts';
import { cloneDatabase } from '../../src/postgres/clones.ts';
import { withClient, withDatabase, type Client } from '../../src/postgres/connect.ts';
import { databaseExists, oidOf, swap } from '../../src/postgres/databases.ts';
import { fingerprint } from '../../src/postgres/fingerprint.ts';
import { shortHash } from '../../src/domain/plan/hash.ts';
import { siblingName, type OperationId } from '../../src/domain/names.ts';
import type { EmergencyPlan } from '../../src/domain/plan/plan.ts';
import { emergencyPlan, exampleTool, findings } from '../example-plan.ts';
import { postgresFixture, type PostgresFixture } from './fixtures/postgres-fixture.ts';
import { approvedAtEmergency } from '../../src/activities/put-in-place/step.ts';

let fixture: PostgresFixture;
let plan: EmergencyPlan;
let dependencies: Dependencies;
let before: string;
const directory = mkdtempSync(join(tmpdir(), 'site-'));
const namespace = `emergency-${Date.now().toString(36).slice(-5)}`;
const earlierOperation: OperationId = `bs-${Date.now().toString(16).slice(-8)}`;

const attempt: Attempt = {
  signal: new AbortController().signal,
  cancelRequested: () => false,
  progress: () => {},
  log: { info: () => {}, warn: () => {} },
};
const asAdmin = <T>(use: (admin: Client) => Promise<T>) => withClient(fixture.adminUrl, {}, use);
const sumOf = (database: string) =>
  withClient(
    withDatabase(fixture.adminUrl, database),
    {},
    async (client) => (await fingerprint(client)).sha256,
  );
const record = async () => (await readRecord(dependencies.cluster, 'backstep', plan.database)).record;
const failed = () => siblingName(fixture.name, 'failed', fixture.operation);
const restored = () => siblingName(fixture.name, 'restored', fixture.operation);

async function secret(name: string, url: string): Promise<void> {
  const object = {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name, namespace },
    stringData: { DATABASE_URL: url },
  };
  await kubectl(fixture.lab, ['apply', '-f', '-'], JSON.stringify(object));
}

/** A snapshot that an operation before left, as its record names it. */
async function leavePoint(): Promise<EmergencyPlan['source']> {
  const snapshot = siblingName(fixture.name, 'snapshot', earlierOperation);
  await asAdmin((admin) => raise(admin, fixture));
  await cloneDatabase(fixture.adminUrl, {
    from: fixture.fencedName,
    to: snapshot,
    operation: fixture.operation,
    sourceStays: 'open',
  });
  const since = '2025-11-18T02:00:00.000Z';
  const finished = {
    operation: earlierOperation,
    from: '0005',
    target: '0004',
    outcome: 'rolled-back',
    endedAt: since,
    artifacts: [{ name: snapshot, since, until: '2025-11-25T02:00:00.000Z' }],
  };
  const [known] = snapshotsOf({ finished: [finished] });
  if (known === undefined) throw new Error('no snapshot is known');
  const asking = { adminUrl: fixture.adminUrl, operation: fixture.operation };
  const reading = { tool: exampleTool, signal: attempt.signal };
  const source = await readSnapshot(asking, known, reading);
  if (source === undefined) throw new Error('the snapshot was not found');
  await expect(
    readSnapshot(asking, { ...known, fingerprint: '0'.repeat(64) }, reading),
  ).rejects.toMatchObject({
    type: 'SourceUnusable',
    message: expect.stringContaining('somebody has changed it') as string,
  });
  return source;
}

const reference = (name: string) => ({ secret: name, key: 'DATABASE_URL' });

beforeAll(async () => {
  fixture = await postgresFixture();
  await kubectl(fixture.lab, ['create', 'namespace', namespace]);
  const { kubeconfig } = await prepareSite(fixture.lab, namespace, directory);
  await secret('database', fixture.url);
  await secret('admin', fixture.adminUrl);
  const database = {
    url: reference('database'),
    admin: reference('admin'),
    tables: ['papers'],
    extensions: ['vector'],
  };
  dependencies = { cluster: connect(kubeconfig), recordsNamespace: 'backstep' } as Dependencies;
  before = await sumOf(fixture.name);
  const source = await leavePoint();
  const sql = [
    { name: 'papers are many', query: 'SELECT count(*) > 1000 FROM papers' },
    { name: 'no paper is titled', query: 'SELECT title FROM papers ORDER BY id' },
  ];
  const example = emergencyPlan(
    {},
    { namespace, database, backup: { claim: 'backstep-backups' }, checks: { sql } },
  );
  plan = {
    ...example,
    operation: fixture.operation,
    source,
    from: '0005',
    target: source.revision,
    database: {
      ...example.database,
      name: fixture.name,
      owner: fixture.owner,
      role: fixture.owner,
      fencedName: fixture.fencedName,
      server: fixture.operation,
    },
  };
  await claim(dependencies.cluster, 'backstep', {
    version: 1,
    operation: fixture.operation,
    kind: 'emergency-restore',
    workflowId: 'test',
    runId: 'test',
    service: 'radar',
    namespace,
    startedAt: new Date().toISOString(),
    database: plan.database,
    from: plan.from,
    target: plan.target,
    stopped: { workloads: [], cronJobs: [], paused: [] },
    rolledBack: [],
    breaches: [],
    artifacts: [],
  });
});
afterAll(async () => {
  await fixture.remove();
  await kubectl(fixture.lab, ['delete', 'namespace', namespace, '--wait=false']);
  await removeSite(fixture.lab, namespace);
  rmSync(directory, { recursive: true });
  rmSync(backupDirectory(namespace), { recursive: true });
  const ended = { operation: fixture.operation, from: '0005', target: '0005', outcome: 'restored' };
  await close(dependencies.cluster, 'backstep', plan.database, fixture.operation, {
    ...ended,
    endedAt: new Date().toISOString(),
  });
});

/** What people approved, of a data diff taken now. */
function approved(beside: Awaited<ReturnType<typeof restoreNewDatabase>>) {
  const dataDiff = { ...findings['data-diff'], at: new Date().toISOString() };
  const hash = shortHash(approvedAtEmergency(plan, beside, dataDiff));
  return { plan, restored: beside, dataDiff, approved: hash, try: 1 };
}

describe('from a snapshot that an earlier operation left', () => {
  let beside: Awaited<ReturnType<typeof restoreNewDatabase>>;

  test('it is read in full, cloned beside, and stays; asked again, the activity finds the same', async () => {
    await withClient(withDatabase(fixture.adminUrl, fixture.fencedName), {}, (client) =>
      client.query('DELETE FROM papers WHERE id > 10; DROP VIEW recent'),
    );
    beside = await perform(restoreNewDatabase, { ...dependencies, ...attempt }, { plan, try: 1 });
    expect(beside).toMatchObject({ database: restored(), revision: '0005', counts: { papers: 2_000 } });
    expect(beside.checked.join('\n')).toContain('equal to those in the snapshot');
    expect(beside.checked).toContain('own check “papers are many”');
    expect(beside.wrong).toEqual([expect.stringMatching(/“no paper is titled” found \(Paper/)]);
    const again = await perform(restoreNewDatabase, { ...dependencies, ...attempt }, { plan, try: 1 });
    expect(again.counts).toEqual(beside.counts);
    expect(await sumOf(restored())).toBe(before);
    expect(await sumOf(fixture.fencedName)).not.toBe(before);
  });

  test('law 5: what was not approved is not renamed', async () => {
    const input = approved(beside);
    const other = { ...input, dataDiff: { ...input.dataDiff, lostRows: 0 } };
    await expect(perform(putInPlace, { ...dependencies, ...attempt }, other)).rejects.toMatchObject({
      type: 'NotApproved',
    });
    expect(await asAdmin((admin) => databaseExists(admin, failed()))).toBe(false);
  });

  test('a writer that reached the database after the data diff keeps it from being renamed', async () => {
    const input = approved(beside);
    const breach = { at: new Date(Date.now() + 1_000).toISOString(), what: 'cron', reachedDatabase: true };
    const breaches = (to: (typeof breach)[]) =>
      update(dependencies.cluster, 'backstep', plan.database, fixture.operation, (found) => ({
        ...found,
        breaches: to,
      }));
    await breaches([breach]);
    await expect(perform(putInPlace, { ...dependencies, ...attempt }, input)).rejects.toMatchObject({
      type: 'WritesCameBack',
    });
    await breaches([]);
    // One that comes just before the pivot is written down.
    const core = new Proxy(dependencies.cluster.core, {
      get: (target, name) =>
        name === 'replaceNamespacedConfigMap'
          ? (...asked: Parameters<typeof target.replaceNamespacedConfigMap>) =>
              breaches([breach]).then(() => target.replaceNamespacedConfigMap(...asked))
          : Reflect.get(target, name),
    });
    const late = { ...dependencies, cluster: { ...dependencies.cluster, core } };
    await expect(perform(putInPlace, { ...late, ...attempt }, input)).rejects.toMatchObject({
      type: 'WritesCameBack',
    });
    await breaches([]);
    expect(await asAdmin((admin) => databaseExists(admin, failed()))).toBe(false);
    expect((await record())?.pivotAt).toBeUndefined();
  });

  test('law 8: killed between the rename and its answer, the next attempt finds it done; law 7: both are there', async () => {
    const input = approved(beside);
    // As an attempt that died right after the rename leaves it.
    const planned = await asAdmin(async (admin) => ({
      restored: { name: restored(), oid: (await oidOf(admin, restored())) ?? 0 },
      failed: { name: failed(), oid: (await oidOf(admin, fixture.fencedName)) ?? 0 },
    }));
    await update(dependencies.cluster, 'backstep', plan.database, fixture.operation, (found) => ({
      ...found,
      pivotAt: new Date().toISOString(),
      artifacts: [failed()],
      swap: { ...planned, from: 'snapshot', notes: [] },
    }));
    await asAdmin((admin) =>
      swap(admin, [
        { from: fixture.fencedName, to: failed() },
        { from: restored(), to: fixture.fencedName },
      ]),
    );
    const corrupted = await sumOf(failed());
    for (let time = 0; time < 2; time += 1) {
      const found = await perform(putInPlace, { ...dependencies, ...attempt }, input);
      expect(found).toMatchObject({ failedDatabase: failed(), revision: '0005', counts: { papers: 2_000 } });
    }
    expect(await sumOf(fixture.fencedName)).toBe(before);
    expect(await sumOf(failed())).toBe(corrupted);
    expect((await record())?.artifacts).toEqual([failed()]);
  });

  test('law 8: killed before the rename, the next attempt renames; grants and settings are carried over', async () => {
    await asAdmin((admin) =>
      swap(admin, [
        { from: fixture.fencedName, to: restored() },
        { from: failed(), to: fixture.fencedName },
      ]),
    );
    await perform(putInPlace, { ...dependencies, ...attempt }, approved(beside));
    expect(await sumOf(fixture.fencedName)).toBe(before);
    const settings = await asAdmin(async (admin) => {
      const { rows } = await admin.query<{ name: string; settings: string[] }>(
        `SELECT d.datname AS name, s.setconfig AS settings FROM pg_db_role_setting s
         JOIN pg_database d ON d.oid = s.setdatabase WHERE d.datname = $1 AND s.setrole = 0`,
        [fixture.fencedName],
      );
      return rows[0]?.settings;
    });
    expect(settings).toEqual(['search_path="$user", public, ledger']);
  });

  test('law 7: a second one in the same operation puts what it restored in place, and keeps both', async () => {
    const second = siblingName(fixture.name, 'failed', fixture.operation, 2);
    await withClient(withDatabase(fixture.adminUrl, fixture.fencedName), {}, (client) =>
      client.query('DELETE FROM papers'),
    );
    const corrupted = await sumOf(fixture.fencedName);
    const again = await perform(restoreNewDatabase, { ...dependencies, ...attempt }, { plan, try: 2 });
    const found = await perform(putInPlace, { ...dependencies, ...attempt }, approved(again));
    expect(found).toMatchObject({ failedDatabase: second, counts: { papers: 2_000 } });
    expect(await sumOf(fixture.fencedName)).toBe(before);
    expect(await sumOf(second)).toBe(corrupted);
    expect((await record())?.artifacts).toEqual([failed(), second]);
  });
});
