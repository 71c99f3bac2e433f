import { describe, expect, test } from 'vitest';
import { frozen, mayHaveWritten, type Seen } from '../../src/activities/stop-writes/freeze.ts';
import { verifiedAgainst, type OperationRecord, type Swap } from '../../src/domain/record.ts';
import { examplePlan, findings } from '../example-plan.ts';

const plan = examplePlan();
const { snapshot, 'back-up': backup } = findings;
const at = '2025-11-18T03:00:10.000Z';
const first = { at, counts: { papers: 100 }, catalog: 'as at first' };
const seen: Seen = { ...first, at: '2025-11-18T04:00:00.000Z', revision: plan.from };
const downgraded: Seen = { ...seen, counts: { papers: 103 }, catalog: 'another', revision: plan.target };

function record(more: Partial<OperationRecord> = {}): OperationRecord {
  if (!snapshot.made) throw new Error('the example has a snapshot');
  const { operation, database, from, target } = plan;
  const stopped = { workloads: [], cronJobs: [], paused: [] };
  const who = { workflowId: 'w', runId: 'r', service: 'radar', namespace: 'radar', startedAt: at };
  const known = { frozen: first, snapshot, backup };
  return {
    version: 1,
    operation,
    kind: 'rollback',
    ...who,
    database,
    from,
    target,
    stopped,
    rolledBack: [],
    breaches: [],
    artifacts: [],
    ...known,
    ...more,
  };
}

const pivotPassed = { pivotAt: '2025-11-18T03:10:00.000Z' };
const resumed = { resumedAt: '2025-11-18T03:20:00.000Z' };

describe('what was frozen stays', () => {
  test.each([
    ['while the contents are the same', {}, seen, false],
    ['once the downgrade has begun', pivotPassed, downgraded, false],
    ['after a start that failed', { ...pivotPassed, ...resumed }, downgraded, true],
    ['of a downgrade that did not move it', pivotPassed, seen, false],
  ])('%s', (_name, more, now, again) => {
    const before = record(more);
    expect(frozen(before, now, plan, again)).toBe(before);
  });
});

describe('law 1: older ways back are worthless', () => {
  const swap: Swap = {
    restored: { name: 'radar__restored_0a1b2c3d', oid: 2 },
    failed: { name: 'radar__failed_0a1b2c3d', oid: 1 },
    from: 'backup',
    notes: [],
  };
  test.each([
    ['where rows differ', {}, { ...seen, counts: { papers: 101 } }],
    ['where the application may have run before the downgrade, whatever rows and catalog say', resumed, seen],
    [
      'where it may have run on the database that a downgrade did not move',
      { ...pivotPassed, ...resumed },
      seen,
    ],
    [
      'where it may have run on the database that was restored',
      { ...pivotPassed, ...resumed, swap, counted: first },
      { ...seen, counts: { papers: 104 } },
    ],
  ])('%s', (_name, more, now) => {
    const after = frozen(record(more), now, plan, false);
    for (const key of ['backup', 'snapshot', 'pivotAt', 'resumedAt', 'swap', 'counted'] as const)
      expect(after[key]).toBeUndefined();
    expect(after.frozen).toEqual({ at: now.at, counts: now.counts, catalog: now.catalog });
    expect(after.artifacts).toEqual(['radar__snapshot_0a1b2c3d']);
  });
});

test('law 7: rows written to the downgraded database are verified, and a restore still brings back the first', () => {
  const after = frozen(record({ ...pivotPassed, ...resumed }), downgraded, plan, false);
  expect(after).toMatchObject({ frozen: first, snapshot, backup, ...pivotPassed, ...resumed });
  expect(verifiedAgainst(after, seen)).toEqual({ at: downgraded.at, counts: { papers: 103 } });
  // A start that fails then stops writes again: the same is verified.
  expect(frozen(after, { ...downgraded, counts: { papers: 105 } }, plan, true)).toBe(after);
});

test('another kind of operation, whose revision may stay, does not begin anew after its pivot', () => {
  const kind = 'emergency-restore';
  const after = frozen(record({ kind, ...pivotPassed, ...resumed }), seen, { ...plan, kind }, false);
  expect(after).toMatchObject({ frozen: first, ...pivotPassed });
});

test('that the application may have run is written down once, and only where something was frozen', () => {
  const fresh = record();
  delete fresh.frozen;
  expect(mayHaveWritten(fresh)).toBe(fresh);
  const marked = mayHaveWritten(record());
  expect(marked.resumedAt).toEqual(expect.any(String));
  expect(mayHaveWritten(marked)).toBe(marked);
});
