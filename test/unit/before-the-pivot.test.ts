import type { V1Job } from '@kubernetes/client-node';
import { describe, expect, test } from 'vitest';
import { sourceOf } from '../../src/activities/back-up/source.ts';
import { othersEnded } from '../../src/activities/downgrade/job.ts';
import { nobodyWrote } from '../../src/activities/downgrade/proof.ts';
import { newest } from '../../src/activities/guard-writes/activity.ts';
import { activityContext, type Attempt, type Dependencies } from '../../src/activities/context.ts';
import type { Client } from '../../src/postgres/connect.ts';
import { labels } from '../../src/domain/names.ts';
import type { OperationRecord, Breach, Swap } from '../../src/domain/record.ts';
import { examplePlan, findings } from '../example-plan.ts';
import type { DowngradeInput } from '../../src/activities/downgrade/step.ts';

const plan = examplePlan();
const { snapshot, 'back-up': backup } = findings;
const { fencedName } = plan.database;
const attempt: Attempt = {
  signal: new AbortController().signal,
  cancelRequested: () => false,
  progress: () => {},
  log: { info: () => {}, warn: () => {} },
};

const breach = (second: number, reachedDatabase: boolean): Breach => ({
  at: new Date(Date.parse('2025-11-18T03:05:00Z') + second * 1_000).toISOString(),
  what: reachedDatabase ? 'a session' : 'Deployment api was at 1 replicas',
  reachedDatabase,
});

test('law 1, law 3: an owner that scales each second does not hide that somebody reached the database', () => {
  const many = Array.from({ length: 101 }, (_, second) => breach(second + 1, false));
  let kept: Breach[] = [];
  for (const each of [breach(-1, true), breach(0, true), ...many]) kept = newest([...kept, each]);
  expect(kept).toHaveLength(100);
  expect(kept[0]).toEqual(breach(0, true));
  expect(kept.at(-1)).toEqual(breach(101, false));
  const input = { waysBack: { snapshot, backup } } as DowngradeInput;
  expect(() => nobodyWrote(input, { breaches: kept } as OperationRecord)).toThrow(
    /a way back was made: a session/,
  );
  expect(newest(many.slice(1))).toEqual(many.slice(1));
});

const jobOf = (status: object): V1Job => ({
  metadata: { name: `${plan.operation}-downgrade-1`, labels: { [labels.step]: 'downgrade' } },
  status,
});
const waited = (job: V1Job) => {
  const cluster = { batch: { listNamespacedJob: async () => ({ items: [job] }) } };
  const migrations = { ...plan.service.migrations, timeout: 50 };
  const short = { ...plan, service: { ...plan.service, migrations } };
  const context = activityContext(
    { ...({ cluster } as unknown as Dependencies), ...attempt },
    { plan: short },
  );
  return othersEnded(context, `${plan.operation}-downgrade-2`);
};

describe('a Job of an earlier try', () => {
  test('law 2: that does not end is never migrated beside', async () => {
    await expect(waited(jobOf({ active: 1 }))).rejects.toMatchObject({
      type: 'DowngradeUnclear',
      message: expect.stringMatching(/-downgrade-1 of an earlier try did not end/) as string,
    });
  });

  test('that has ended keeps nobody', async () => {
    await waited(jobOf({ conditions: [{ type: 'Failed', status: 'True' }] }));
  });
});

describe('law 1: what is dumped', () => {
  const restored = 'radar__restored_0a1b2c3d';
  const pivotAt = '2025-11-18T03:10:00.000Z';
  if (!snapshot.made) throw new Error('the example has a snapshot');
  const oids: Record<string, number> = { [fencedName]: 1, [restored]: 2, [snapshot.database]: 3 };
  const swapOf = (oid: number): Swap => ({
    restored: { name: restored, oid },
    failed: { name: 'radar__failed_0a1b2c3d', oid: 9 },
    from: 'backup',
    notes: [],
  });
  const dumped = (databases: string[], record: Partial<OperationRecord>, more: object = {}) => {
    const query = async (_sql: string, [name = '']: string[]) => ({
      rowCount: databases.includes(name) ? 1 : 0,
      rows: databases.includes(name) ? [{ oid: oids[name] }] : [],
    });
    const client = { query } as unknown as Client;
    return sourceOf(client, plan.database, { snapshot, ...more }, record as OperationRecord);
  };

  test('before the downgrade is the fenced database, and beside the steps the snapshot', async () => {
    const both = [fencedName, snapshot.database];
    expect(await dumped(both, {})).toMatchObject({ database: fencedName });
    expect(await dumped(both, {}, { fromSnapshot: true })).toMatchObject({ database: snapshot.database });
  });

  test('after the downgrade is never the fenced database in place of a snapshot that is gone', async () => {
    expect(await dumped([fencedName, snapshot.database], { pivotAt })).toMatchObject({
      database: snapshot.database,
    });
    for (const [record, more] of [
      [{ pivotAt }, {}],
      [{ pivotAt }, { snapshot: { made: false, why: 'no space' } }],
      [{}, { fromSnapshot: true }],
      // It was about to restore, and had renamed nothing.
      [{ pivotAt, swap: swapOf(2) }, {}],
    ] as const)
      await expect(dumped([fencedName, restored], record, more)).rejects.toMatchObject({
        type: 'BackupFailed',
        message: expect.stringMatching(/snapshot.*`retry`; or `abort`/) as string,
      });
  });

  test('after a restore is the fenced database, which is as it was', async () => {
    expect(await dumped([fencedName, snapshot.database], { pivotAt, swap: swapOf(1) })).toMatchObject({
      database: fencedName,
    });
  });
});
