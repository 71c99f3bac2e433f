import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { connect } from '../../src/kubernetes/cluster.ts';
import {
  assertRecordable,
  claim,
  close,
  readRecord,
  recordName,
  update,
} from '../../src/kubernetes/records.ts';
import type { OperationId } from '../../src/domain/names.ts';
import type { OperationRecord } from '../../src/domain/record.ts';
import { kubernetesFixture, type KubernetesFixture } from './fixtures/kubernetes-fixture.ts';

let fixture: KubernetesFixture;
beforeAll(async () => {
  fixture = await kubernetesFixture('records');
});
afterAll(async () => {
  await fixture.kubectl('-n', records, 'delete', 'configmap', '--ignore-not-found', ...made);
  await fixture.remove();
});

const records = 'backstep';
/** ConfigMaps of these tests. */
const made: string[] = [];

const operation: OperationId = 'bs-0123abcd';

function record(change: Partial<OperationRecord> = {}): OperationRecord {
  const database = { server: randomUUID(), name: 'radar', fencedName: 'radar__backstep_0123abcd' };
  made.push(recordName(database));
  return {
    version: 1,
    kind: 'rollback',
    operation,
    workflowId: 'backstep-radar',
    runId: 'run-1',
    service: 'radar',
    namespace: fixture.namespace,
    startedAt: '2026-11-23T07:00:00.000Z',
    database,
    from: '0005',
    target: '0004',
    stopped: { workloads: [], cronJobs: [], paused: [] },
    rolledBack: [],
    breaches: [],
    artifacts: [],
    ...change,
  };
}

const breach = (n: number) => ({ at: '', what: String(n), reachedDatabase: false });

const finishedAs = (n: number) => ({
  operation: `bs-${n}` as const,
  from: '0005',
  target: '0004',
  outcome: 'rolled-back',
  endedAt: '2025-11-18T03:00:00.000Z',
});

describe('operation records', () => {
  test('law 6: two operations that come at once, one gets the database', async () => {
    const mine = record();
    const theirs = { ...mine, operation: 'bs-99999999' as const, workflowId: 'backstep-other' };
    const results = await Promise.allSettled([
      claim(fixture.cluster, records, mine),
      claim(fixture.cluster, records, theirs),
    ]);
    expect(results.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected']);
    const lost = results.find((result) => result.status === 'rejected');
    expect(lost?.reason).toMatchObject({
      type: 'OperationLost',
      message: expect.stringContaining('workflow backstep-'),
    });
  });

  test('law 8: claimed twice by the same operation, it is one record, and keeps what was written', async () => {
    const mine = record();
    await claim(fixture.cluster, records, mine);
    await update(fixture.cluster, records, mine.database, operation, (found) => ({
      ...found,
      pivotAt: 'now',
    }));
    expect(await claim(fixture.cluster, records, mine)).toMatchObject({ pivotAt: 'now' });
  });

  test('changes that come at once are all kept', async () => {
    const mine = record();
    await claim(fixture.cluster, records, mine);
    await Promise.all(
      [1, 2, 3, 4, 5, 6].map((n) =>
        update(fixture.cluster, records, mine.database, operation, (found) => ({
          ...found,
          breaches: [...found.breaches, breach(n)],
        })),
      ),
    );
    const { record: now } = await readRecord(fixture.cluster, records, mine.database);
    expect(now?.breaches.map(({ what }) => what).toSorted()).toEqual(['1', '2', '3', '4', '5', '6']);
  });

  test('taken up, the record has a new operation and everything else of the old', async () => {
    const mine = record({ pivotAt: '2026-11-23T07:10:00.000Z', target: '0003' });
    await claim(fixture.cluster, records, mine);
    const next: OperationRecord = {
      ...record(),
      database: mine.database,
      operation: 'bs-11112222',
      runId: 'run-2',
    };
    await expect(claim(fixture.cluster, records, next)).rejects.toMatchObject({ type: 'OperationLost' });
    const taken = await claim(fixture.cluster, records, next, operation);
    expect(taken).toEqual({ ...mine, operation: 'bs-11112222', runId: 'run-2' });
    await expect(
      update(fixture.cluster, records, mine.database, operation, (found) => found),
    ).rejects.toMatchObject({
      type: 'OperationLost',
    });
  });

  test('closed twice, it is finished once; the newest twenty are remembered', async () => {
    const mine = record();
    for (let n = 0; n < 22; n += 1) {
      await claim(fixture.cluster, records, { ...mine, operation: `bs-${n}` });
      await close(fixture.cluster, records, mine.database, `bs-${n}`, finishedAs(n));
      if (n === 0) await close(fixture.cluster, records, mine.database, 'bs-0', finishedAs(n));
    }
    const { record: now, finished } = await readRecord(fixture.cluster, records, mine.database);
    expect(now).toBeUndefined();
    expect(finished.map((each) => each.operation)).toEqual(
      Array.from({ length: 20 }, (_, n) => `bs-${n + 2}`),
    );
  });

  test('a missing namespace is named, with what to do', async () => {
    await expect(assertRecordable(fixture.cluster, records)).resolves.toBeUndefined();
    const admin = connect(fixture.lab.kubernetes.kubeconfig);
    await expect(assertRecordable(admin, 'no-such-namespace')).rejects.toMatchObject({
      type: 'WorkloadMissing',
      message: expect.stringContaining('deploy/rbac.yaml'),
    });
    await expect(assertRecordable(fixture.cluster, fixture.namespace)).rejects.toMatchObject({
      type: 'KubernetesRightMissing',
    });
  });
});
