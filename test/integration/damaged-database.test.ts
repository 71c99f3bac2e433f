import { goesOn, undoing } from './fixtures/activity-fixture.ts';
import { perform } from '../../src/activities/activity-function.ts';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readSnapshot } from '../../src/probes/snapshots.ts';
import { lookAtDatabase } from '../../src/probes/database.ts';
import { probeContext } from '../../src/activities/assess/activity.ts';
import { observe } from '../../src/probes/observations.ts';
import { lookAtServer } from '../../src/probes/server.ts';
import { dataDiff } from '../../src/activities/data-diff/activity.ts';
import { putBack } from '../../src/activities/put-back/activity.ts';
import { putInPlace } from '../../src/activities/put-in-place/activity.ts';
import { restoreNewDatabase } from '../../src/activities/restore-new-database/activity.ts';
import { takeSnapshot } from '../../src/activities/snapshot/activity.ts';
import { stopWrites } from '../../src/activities/stop-writes/activity.ts';
import { dataDiff as compared } from '../../src/activities/data-diff/job.ts';
import { readRecord } from '../../src/kubernetes/records.ts';
import { failures, type Failure } from '../../src/domain/failures.ts';
import { shortHash } from '../../src/domain/plan/hash.ts';
import type { Plan } from '../../src/domain/plan/plan.ts';
import { attempt, damage, damageable, reading, type Damaged } from './fixtures/damaged-database.ts';
import { postgresServer, type PostgresServer } from './fixtures/postgres-server.ts';
import { approvedAtEmergency } from '../../src/activities/put-in-place/step.ts';

let own: PostgresServer;
/** Pages of a table and of the version table, and a file; values outside of their rows; comments; an index; the snapshot. */
let pages: Damaged;
let values: Damaged;
let schema: Damaged;
let index: Damaged;
let both: Damaged;

const run = { try: 1, workflowId: 'backstep-radar', runId: '1', again: false };
const toastOf = (table: string) => `(SELECT reltoastrelid FROM pg_class WHERE oid = '${table}'::regclass)`;

beforeAll(async () => {
  own = await postgresServer();
  pages = await damageable(own, 'pages', 'bs-0a000001');
  values = await damageable(own, 'toasted', 'bs-0a000002');
  schema = await damageable(own, 'comments', 'bs-0a000003');
  index = await damageable(own, 'indexed', 'bs-0a000004');
  both = await damageable(own, 'twice', 'bs-0a000005');
  // Then rows are counted by the index alone.
  await own.sql('indexed', 'VACUUM (FREEZE, ANALYZE) papers');
  const snapshot = sourceOf(both);
  await own.sql('postgres', `ALTER DATABASE ${snapshot} ALLOW_CONNECTIONS true`);
  await damage(own, [
    ['pages', `'papers'::regclass`],
    ['pages', `'alembic_version'::regclass`],
    ['pages', `'letters'::regclass`, 'is gone'],
    ['toasted', toastOf('letters')],
    ['comments', `'pg_description'::regclass`],
    ['indexed', `'papers_pkey'::regclass`],
    [snapshot, `'papers'::regclass`],
  ]);
  await own.sql('postgres', `ALTER DATABASE ${snapshot} ALLOW_CONNECTIONS false`);
});
afterAll(async () => {
  for (const each of [pages, values, schema, index, both]) each.remove();
  await own.remove();
});

function sourceOf({ emergency: { source } }: Damaged): string {
  if (source.kind !== 'snapshot') throw new Error('it is restored from a snapshot');
  return source.snapshot.database;
}

async function lookedAt({ dependencies, rollback: { service, operation } }: Damaged, mayMiss: boolean) {
  const context = probeContext({ ...dependencies, ...attempt }, { service, operation, onlyPlan: true });
  const { facts, faults } = await lookAtServer(context);
  if (facts === undefined) throw new Error(JSON.stringify(faults));
  const database = await lookAtDatabase(context, facts, { mayMiss });
  return { facts, database: database.facts, faults: [...faults, ...database.faults] };
}

const recordOf = async ({ dependencies }: Damaged, { database }: Plan) =>
  (await readRecord(dependencies.cluster, dependencies.recordsNamespace, database)).record;

/** Everything between gate `start` and the end of the rename, a person having approved. */
async function restored({ dependencies, emergency: plan }: Damaged) {
  const stopped = await perform(stopWrites, { ...dependencies, ...attempt }, { plan, ...run });
  const snapshot = await perform(takeSnapshot, { ...dependencies, ...attempt }, { plan, try: 1 });
  const beside = await perform(restoreNewDatabase, { ...dependencies, ...attempt }, { plan, try: 1 });
  const counted = await perform(
    dataDiff,
    { ...dependencies, ...attempt },
    { plan, restored: beside, try: 1 },
  );
  const approved = shortHash(approvedAtEmergency(plan, beside, counted));
  const placed = await perform(
    putInPlace,
    { ...dependencies, ...attempt },
    { plan, restored: beside, dataDiff: counted, approved, try: 1 },
  );
  return { stopped, snapshot, counted, placed };
}

describe('a table of which a page is broken', () => {
  test('keeps a rollback from beginning: it is told what to do instead, and everything is put back', async () => {
    const { dependencies, rollback: plan } = pages;
    const { faults } = await lookedAt(pages, false);
    expect(faults).toMatchObject([{ type: 'DatabaseDamaged' }]);
    const failure = await perform(stopWrites, { ...dependencies, ...attempt }, { plan, ...run }).catch(
      (error: unknown) => error,
    );
    expect(failure).toMatchObject({
      type: 'DatabaseDamaged',
      message: expect.stringMatching(/invalid page in block \d+ .*\(XX001\)/) as string,
    });
    const { retry, next } = failures[(failure as Failure).type];
    expect(retry).toBe(false);
    expect(next).toContain('backstep emergency-restore');
    expect(
      await perform(putBack, { ...dependencies, ...attempt }, { plan, try: 1, ...undoing }),
    ).toMatchObject({
      database: 'pages',
    });
    expect(await own.sql('pages', 'SELECT count(*)::int AS notes FROM notes')).toEqual([{ notes: 51 }]);
    await goesOn({ dependencies, plan });
  });

  test('severe corruption does not block an emergency restore: what cannot be read is named, the rest is counted', async () => {
    const { facts, database, faults } = await lookedAt(pages, true);
    expect({ database, faults }).toMatchObject({ database: { revisions: ['unreadable'] }, faults: [] });
    const { notes } = await observe(pages.emergency.operation, { facts, pods: [] });
    expect(notes.join('\n')).toMatch(/Rows are estimates.*invalid page/);

    const { stopped, snapshot, counted, placed } = await restored(pages);
    expect(stopped).toMatchObject({ counts: { notes: 51 } });
    expect(stopped.unreadable).toEqual(['alembic_version', 'letters', 'papers']);
    expect(stopped.counts).not.toHaveProperty('papers');
    const record = await recordOf(pages, pages.emergency);
    expect(record?.frozen?.unreadable).toEqual(stopped.unreadable);
    expect(snapshot).toEqual({
      made: false,
      why: 'the database is damaged: alembic_version, letters, papers cannot be read',
    });
    expect(counted).toMatchObject({ loses: true, lostRows: 1, equal: 0, unreadable: ['letters', 'papers'] });
    expect(counted.tables).toMatchObject([
      { table: 'letters', restored: 40, unreadable: expect.stringContaining('58P01') as string },
      { table: 'papers', restored: 2_000, unreadable: expect.stringContaining('invalid page') as string },
      { table: 'notes', onlyNow: 1 },
    ]);
    expect(placed).toMatchObject({ revision: '0004', counts: { letters: 40, papers: 2_000, notes: 50 } });
    // Law 7: what can be read of it can be taken out of it.
    expect(await own.sql(placed.failedDatabase, 'SELECT count(*)::int AS notes FROM notes')).toEqual([
      { notes: 51 },
    ]);
  });
});

test('values that cannot be read, in rows that can be counted, are named by the data diff, and there is no snapshot', async () => {
  const { stopped, snapshot, counted, placed } = await restored(values);
  expect(stopped.unreadable).toBeUndefined();
  expect(snapshot).toMatchObject({ made: false, why: expect.stringContaining('invalid page') as string });
  expect(counted).toMatchObject({ loses: true, unreadable: ['letters'], equal: 0 });
  expect(counted.tables.map(({ table, restored: rows }) => [table, rows])).toEqual([
    ['letters', 40],
    ['notes', 50],
    ['papers', 2_000],
  ]);
  expect(placed.counts).toMatchObject({ letters: 40 });
});

test('a schema that cannot be read keeps nobody from restoring', async () => {
  const { stopped, snapshot, counted, placed } = await restored(schema);
  expect(stopped).toMatchObject({ unreadable: ['pg_catalog'], counts: { papers: 2_001, notes: 51 } });
  expect(snapshot).toMatchObject({ made: false });
  expect(counted).toMatchObject({ lostRows: 2, equal: 1 });
  expect(placed.counts).toMatchObject({ papers: 2_000 });
});

test('a damaged index hides no table that is sound', async () => {
  const { dependencies, rollback: plan } = index;
  await expect(perform(stopWrites, { ...dependencies, ...attempt }, { plan, ...run })).rejects.toMatchObject({
    type: 'DatabaseDamaged',
  });
  await perform(putBack, { ...dependencies, ...attempt }, { plan, try: 1, ...undoing });
  await goesOn({ dependencies, plan });
  const { stopped, counted } = await restored(index);
  expect(stopped.unreadable).toBeUndefined();
  expect(stopped.counts).toMatchObject({ papers: 2_001 });
  expect(counted).toMatchObject({ lostRows: 2, equal: 1 });
  expect(counted.unreadable).toBeUndefined();
});

test('a snapshot that is damaged itself is not restored from, and another source is looked for', async () => {
  const { source, operation } = both.emergency;
  if (source.kind !== 'snapshot') throw new Error('it is restored from a snapshot');
  const asking = { adminUrl: own.url('postgres', 'backstep'), operation };
  await expect(readSnapshot(asking, source.snapshot, reading)).rejects.toMatchObject({
    type: 'SourceUnusable',
    message: expect.stringMatching(/is damaged: invalid page/) as string,
  });
  // Were it restored from all the same, the data diff would not take the one for the other.
  await own.sql('postgres', `ALTER DATABASE ${source.snapshot.database} ALLOW_CONNECTIONS true`);
  const wanted = { now: 'twice', restored: source.snapshot.database, toolTables: ['alembic_version'] };
  await expect(compared(asking.adminUrl, { operation, ...wanted, mayBeDamaged: true })).rejects.toMatchObject(
    { type: 'RestoreFailed' },
  );
});
