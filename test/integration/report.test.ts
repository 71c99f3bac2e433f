import { perform } from '../../src/activities/activity-function.ts';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { activityContext } from '../../src/activities/context.ts';
import { report } from '../../src/activities/report/activity.ts';
import { stopWrites } from '../../src/activities/stop-writes/activity.ts';
import { readRecord } from '../../src/kubernetes/records.ts';
import { shortHash } from '../../src/domain/plan/hash.ts';
import { labels } from '../../src/domain/names.ts';
import type { Report } from '../../src/views/report/report.ts';
import { directory } from '../../src/storage/storage.ts';
import { journalOf, straight } from '../example-journal.ts';
import { attempt, activityFixture, type ActivityFixture } from './fixtures/activity-fixture.ts';
import type { ReportInput } from '../../src/activities/report/step.ts';

let fixture: ActivityFixture;
let reports: string;

beforeAll(async () => {
  fixture = await activityFixture('report');
  reports = await mkdtemp(join(tmpdir(), 'backstep-reports-'));
  fixture.dependencies.storage = directory(reports);
  await perform(
    stopWrites,
    { ...fixture.dependencies, ...attempt() },
    { plan: fixture.plan, try: 1, workflowId: 'w', runId: 'r', again: false },
  );
  const { plan } = fixture;
  const { operation } = plan;
  const context = activityContext({ ...fixture.dependencies, ...attempt() }, { plan });
  await context.jobSecret({ part: 'back-up', database: plan.database.fencedName });
  await fixture.apply({
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: { name: `${operation}-back-up-1`, labels: { [labels.operation]: operation } },
    spec: {
      suspend: true,
      template: {
        spec: { restartPolicy: 'Never', containers: [{ name: 'one', image: fixture.images.old }] },
      },
    },
  });
});
afterAll(async () => {
  await fixture.remove();
  await rm(reports, { recursive: true });
});

const input = (keepRecord: boolean): ReportInput => ({
  plan: fixture.plan,
  hash: shortHash(fixture.plan),
  journal: journalOf(
    ...straight.map((entry) =>
      entry.kind === 'ended' ? { ...entry, reason: 'postgresql://radar:hunter2@db/radar was slow' } : entry,
    ),
  ),
  outcome: 'rolled-back',
  keepRecord,
});
const named = (kind: string) =>
  fixture
    .kubectl('get', kind, '-o', 'name')
    .then((text) => text.split('\n').filter((name) => name.includes('/bs-')));
const state = () =>
  readRecord(fixture.dependencies.cluster, fixture.dependencies.recordsNamespace, fixture.plan.database);

test('where something stays stopped, the record and the logs of the Jobs are kept, but no Secret', async () => {
  const files = await perform(report, { ...fixture.dependencies, ...attempt() }, input(true));
  expect(await named('jobs')).toHaveLength(1);
  expect(await named('secrets')).toEqual([]);
  expect((await state()).record?.operation).toBe(fixture.plan.operation);
  const text = await readFile(files.markdown, 'utf8');
  expect(text).toContain('# Rollback of radar: rolled-back');
  expect(text).toContain('postgresql://***@db/radar was slow');
  const page = await readFile(files.html ?? '', 'utf8');
  expect(page).toMatch(/^<!doctype html>[^]*postgresql:\/\/\*\*\*@db\/radar was slow[^]*<svg /);
  expect(page).not.toContain('hunter2');
});

test('otherwise nothing of the operation is left, and the database remembers it as finished', async () => {
  const files = await perform(report, { ...fixture.dependencies, ...attempt() }, input(false));
  expect(await named('jobs')).toEqual([]);
  const { record, finished } = await state();
  expect(record).toBeUndefined();
  expect(finished.at(-1)).toMatchObject({
    operation: fixture.plan.operation,
    outcome: 'rolled-back',
    target: '0004',
  });
  const data = JSON.parse(await readFile(files.json, 'utf8')) as Report;
  expect(data.rows.find(({ table }) => table === 'scores')?.difference).toContain('dropped by the downgrade');
});

test('law 8: run twice it writes the same files, and finishes once', async () => {
  const first = await perform(report, { ...fixture.dependencies, ...attempt() }, input(false));
  const before = await readFile(first.markdown, 'utf8');
  await perform(report, { ...fixture.dependencies, ...attempt() }, input(false));
  expect(await readFile(first.markdown, 'utf8')).toBe(before);
  expect(
    (await state()).finished.filter(({ operation }) => operation === fixture.plan.operation),
  ).toHaveLength(1);
});
