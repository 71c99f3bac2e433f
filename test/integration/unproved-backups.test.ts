import { perform } from '../../src/activities/activity-function.ts';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { backUp } from '../../src/activities/back-up/activity.ts';
import { downgrade } from '../../src/activities/downgrade/activity.ts';
import type { Dependencies } from '../../src/activities/context.ts';
import { claim, readRecord } from '../../src/kubernetes/records.ts';
import { raise } from '../../src/postgres/fence.ts';
import { catalog, catalogHash, counts } from '../../src/postgres/catalog.ts';
import { withClient, withDatabase } from '../../src/postgres/connect.ts';
import { revisionsOf } from '../../src/migrations/version-table.ts';
import { shortHash } from '../../src/domain/plan/hash.ts';
import type { RollbackPlan } from '../../src/domain/plan/plan.ts';
import { directory } from '../../src/storage/storage.ts';
import { examplePlan, exampleTool, findings } from '../example-plan.ts';
import { backstepProgram } from '../fake-cluster-programs.ts';
import { fakeCluster, type FakeCluster } from '../fake-cluster.ts';
import { insteadOfPgDump, smallFileSystem, withClients } from './fixtures/backup-fixture.ts';
import { attempt } from './fixtures/activity-fixture.ts';
import type { PostgresFixture } from './fixtures/postgres-fixture.ts';
import type { WaysBack } from '../../src/activities/downgrade/step.ts';
import { approvedAtDowngrade } from '../../src/activities/downgrade/step.ts';
import type { Backup } from '../../src/domain/backup.ts';

/** Law 1: whatever breaks a backup, the record gets none, and without one the downgrade never starts. */

let fixture: PostgresFixture;
let plan: RollbackPlan;
let dependencies: Dependencies;
let cluster: FakeCluster;
let ways: WaysBack;
const volume = mkdtempSync(join(tmpdir(), 'backups-'));
const undo: (() => unknown)[] = [];

beforeAll(async () => {
  fixture = await withClients();
  const { name, fencedName, owner, operation } = fixture;
  await fixture.asSuperuser(
    name,
    `CREATE TABLE bulk AS SELECT n, md5(n::text) || md5((n + 1)::text) AS noise FROM generate_series(1, 80000) n;
     ALTER TABLE bulk OWNER TO ${owner}`,
  );
  const secrets = {
    'radar-database': { DATABASE_URL: fixture.url },
    'radar-admin': { DATABASE_URL: fixture.adminUrl },
  };
  cluster = fakeCluster({ deployments: [], secrets }, backstepProgram);
  const storage = directory(join(volume, 'kept'));
  dependencies = { cluster: cluster.cluster, recordsNamespace: 'backstep', storage } as Dependencies;
  const example = examplePlan({ operation });
  plan = { ...example, database: { ...example.database, name, fencedName, owner, role: owner } };
  const frozen = await withClient(fixture.url, {}, async (client) => ({
    at: new Date().toISOString(),
    counts: await counts(client),
    catalog: catalogHash(await catalog(client)),
  }));
  const { database, from, target } = plan;
  await claim(dependencies.cluster, 'backstep', {
    version: 1,
    kind: 'rollback',
    operation,
    workflowId: 'test',
    runId: 'test',
    service: 'radar',
    namespace: 'radar',
    startedAt: frozen.at,
    database,
    from,
    target,
    stopped: { workloads: [], cronJobs: [], paused: [] },
    frozen,
    rolledBack: [],
    breaches: [],
    artifacts: [],
  });
  await withClient(fixture.adminUrl, {}, (admin) => raise(admin, fixture));
  ways = {
    stopped: { ...findings['stop-writes'], counts: frozen.counts },
    snapshot: { made: false, why: 'none' },
    rehearsal: { rehearsed: false, why: 'none' },
    salvage: { salvaged: [], lost: [], notes: [] },
  };
});
afterEach(async () => {
  for (const each of undo.splice(0).toReversed()) await each();
});
afterAll(async () => {
  vi.unstubAllEnvs();
  rmSync(volume, { recursive: true });
  await fixture?.remove();
});

const onVolume = (path = volume) => vi.stubEnv('BACKSTEP_BACKUPS', path);
const fencedName = (statements: string) => fixture.asSuperuser(fixture.fencedName, statements);
const recorded = async () => (await readRecord(dependencies.cluster, 'backstep', plan.database)).record;

/** Approved by people, too: only the proof stands in its way. */
function moved(backup?: Backup) {
  const waysBack = { ...ways, ...(backup && { backup }) };
  const approved = shortHash(approvedAtDowngrade(plan, waysBack));
  return perform(downgrade, { ...dependencies, ...attempt() }, { plan, try: tried, waysBack, approved });
}

let tried = 0;
async function neverMoves(message: RegExp): Promise<void> {
  await expect(
    perform(backUp, { ...dependencies, ...attempt() }, { plan, try: ++tried }),
  ).rejects.toMatchObject({
    type: expect.stringMatching(/^Backup(Failed|NotProved)$/) as string,
    message: expect.stringMatching(message) as string,
  });
  expect((await recorded())?.backup).toBeUndefined();
  await expect(moved()).rejects.toMatchObject({ type: 'BackupNotProved' });
  // Nor where a workflow says that there is one.
  await expect(moved({ ...findings['back-up'], counts: ways.stopped.counts })).rejects.toMatchObject({
    type: 'BackupNotProved',
  });
  expect(cluster.jobs().filter((name) => !name.includes('-back-up-'))).toEqual([]);
  expect((await recorded())?.pivotAt).toBeUndefined();
  const at = await withClient(
    withDatabase(fixture.url, fixture.fencedName),
    { operation: fixture.operation },
    (client) => revisionsOf(client, exampleTool),
  );
  expect(at).toEqual(['0005']);
}

const out = `for arg in "$@"; do case "$arg" in --file=*) out="\${arg#--file=}";; esac; done`;

describe('law 1: the downgrade never starts after', () => {
  test.each([
    [
      'a pg_dump that was killed',
      `${out}; "$REAL" "$@" & pid=$!
       until [ "$(du -sk "$out" 2>/dev/null | cut -f1)" -gt 300 ] 2>/dev/null; do sleep 0.01; done
       kill -9 $pid; kill -9 $$`,
      /killed by SIGKILL/,
    ],
    [
      'an archive that was cut short',
      `${out}; "$REAL" "$@" || exit; truncate -s 700000 "$out"`,
      /pg_restore ended with status 1|table bulk|ends within/,
    ],
    [
      'an archive with overwritten bytes',
      `${out}; "$REAL" "$@" || exit; printf 'overwritten' | dd of="$out" bs=1 seek=1000000 conv=notrunc status=none`,
      /pg_restore ended with status 1/,
    ],
    [
      'a dump without an extension',
      `exec "$REAL" --exclude-extension=vector "$@"`,
      /extension vector is not in the dump/,
    ],
    [
      'a dump without the rows of a table',
      `exec "$REAL" --exclude-table-data=papers "$@"`,
      /table papers is not in the dump/,
    ],
  ])('%s', async (_what, script, message) => {
    onVolume();
    undo.push(insteadOfPgDump(fixture, script));
    await neverMoves(message);
  });

  test('a dump that is one row short of what was there when writes stopped', async () => {
    onVolume();
    await fencedName('DELETE FROM nothing WHERE ctid = (SELECT max(ctid) FROM nothing)');
    undo.push(() => fencedName('INSERT INTO nothing DEFAULT VALUES'));
    await neverMoves(/table nothing has 6 rows, and had 7/);
  });

  test('row-level security that hides rows', async () => {
    onVolume();
    await fencedName('ALTER TABLE papers FORCE ROW LEVEL SECURITY');
    undo.push(() => fencedName('ALTER TABLE papers NO FORCE ROW LEVEL SECURITY'));
    await neverMoves(/row-level security/);
  });

  test('a storage that is full', async () => {
    const small = await smallFileSystem(900);
    undo.push(() => small.remove());
    onVolume(small.path);
    await neverMoves(/No space left|could not be? ?written?/);
  });

  test('a storage that goes while the dump is made', async () => {
    const mounted = await smallFileSystem(100_000);
    undo.push(() => mounted.remove());
    onVolume(mounted.path);
    undo.push(
      insteadOfPgDump(fixture, `"$REAL" "$@"; status=$?; umount --lazy ${mounted.path}; exit $status`),
    );
    await neverMoves(/ENOENT|could not/);
  });

  test('a pg_dump of another major alone', async () => {
    onVolume();
    const before = process.env['PATH'] ?? '';
    undo.push(insteadOfPgDump(fixture, 'exit 1', 'pg_dump (PostgreSQL) 9.6.24'));
    vi.stubEnv('PATH', (process.env['PATH'] ?? '').replace(`:${before}`, ':/bin'));
    await neverMoves(/no pg_dump.*Found: .*9\.6\.24/);
  });
});

test('law 1: the same downgrade, with a backup that was proved, is let through', async () => {
  onVolume();
  const backup = await perform(backUp, { ...dependencies, ...attempt() }, { plan, try: ++tried });
  expect((await recorded())?.backup).toEqual(backup);
  // Further it does not come: there is no workload to take the pod from.
  await expect(moved(backup)).rejects.toMatchObject({ type: 'WorkloadMissing' });
  expect((await recorded())?.pivotAt).toBeDefined();
});
