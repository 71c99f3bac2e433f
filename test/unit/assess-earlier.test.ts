import { describe, expect, it } from 'vitest';
import { earlier } from '../../src/probes/earlier.ts';
import type { FinishedOperation, OperationRecord } from '../../src/domain/record.ts';

const now = Date.parse('2025-11-18T03:00:00Z');
const minutesAgo = (minutes: number) => new Date(now - minutes * 60_000).toISOString();

const query = (target: string, change: Partial<Parameters<typeof earlier>[0]> = {}) => ({
  operation: 'bs-00000002' as const,
  kind: 'rollback' as const,
  request: { service: 'radar', target },
  onlyPlan: false,
  coolDown: 3_600_000,
  now,
  ...change,
});
const found = (change: Partial<Parameters<typeof earlier>[1]> = {}) => ({
  finished: [],
  open: false,
  revisions: ['0005'],
  ...change,
});
const done = (change: Partial<FinishedOperation> = {}): FinishedOperation => ({
  operation: 'bs-00000001',
  from: '0005',
  target: '0004',
  outcome: 'rolled-back',
  endedAt: minutesAgo(10),
  artifacts: [],
  ...change,
});
const record: OperationRecord = {
  version: 1,
  operation: 'bs-00000001',
  kind: 'rollback',
  workflowId: 'backstep-radar',
  runId: 'first-run',
  service: 'radar',
  namespace: 'radar',
  startedAt: minutesAgo(30),
  database: { server: '1', name: 'radar', fencedName: 'radar__backstep_00000001' },
  from: '0005',
  target: '0004',
  stopped: { workloads: [], cronJobs: [], paused: [] },
  rolledBack: [],
  breaches: [],
  artifacts: [],
};

const fresh = (target: string) => ({ facts: { requestedTarget: target }, faults: [], notes: [] });
const takesUp = (unfinished: OperationRecord) => ({
  facts: { record: unfinished, requestedTarget: '0004' },
  faults: [],
  notes: [],
});

describe('-1 again, right after a rollback, goes no further', () => {
  const there = found({ finished: [done()], revisions: ['0004'] });

  it('is answered with the operation that moved the database, and how to go further', () => {
    const answer = earlier(query('-1'), there);
    expect(answer).toMatchObject({
      faults: [],
      nothing: {
        reason: expect.stringMatching(/bs-00000001.*10 min.*name the revision/) as string,
        revision: '0004',
      },
    });
  });

  it.each([
    ['an explicit revision was asked for', query('0003'), there],
    ['the time is over', query('-1', { coolDown: 9 * 60_000 }), there],
    ['somebody has upgraded since', query('-1'), found({ finished: [done()], revisions: ['0005'] })],
    [
      'the operation did not roll back',
      query('-1'),
      found({ finished: [done({ outcome: 'put-back' })], revisions: ['0004'] }),
    ],
  ])('goes on where %s', (_why, request, world) => {
    expect(earlier(request, world)).toEqual(fresh(request.request.target));
  });

  it('a base that was reached counts as there', () => {
    const base = found({ finished: [done({ target: 'base' })], revisions: [] });
    expect(earlier(query('-1'), base)).toMatchObject({ nothing: { revision: 'base' } });
  });
});

describe('law 2: a Reset of a run that had ended keeps its target', () => {
  it('pins it from the finished operation of the same id', () => {
    const world = found({
      finished: [done({ operation: 'bs-00000002', endedAt: minutesAgo(600) })],
      revisions: ['0004'],
    });
    expect(earlier(query('-1'), world)).toEqual(fresh('0004'));
  });
});

describe('law 6: one operation on a database at a time', () => {
  it('refuses while the other one is open, and names its workflow', () => {
    const answer = earlier(query('-1'), found({ record, open: true }));
    expect(answer.facts).toBeUndefined();
    expect(answer.faults).toMatchObject([
      { type: 'AlreadyRunning', message: expect.stringMatching(/backstep-radar/) as string },
    ]);
  });

  it('only shows the plan while another one is open', () => {
    expect(earlier(query('-1', { onlyPlan: true }), found({ record, open: true }))).toEqual({
      ...takesUp(record),
      notes: [expect.stringMatching(/^Operation bs-00000001 .* is open/)],
    });
  });

  it.each(['-1', '-2', '0004'])('takes the record of a closed run up, asked for %s', (target) => {
    expect(earlier(query(target), found({ record }))).toEqual(takesUp(record));
  });

  it.each(['0003', 'base'])('refuses another explicit target: %s', (target) => {
    const answer = earlier(query(target), found({ record }));
    expect(answer.facts).toBeUndefined();
    expect(answer.faults).toMatchObject([{ type: 'UnfinishedOperation' }]);
  });

  it('takes its own record up, whatever Temporal says of it', () => {
    const own = { ...record, operation: 'bs-00000002' as const };
    expect(earlier(query('0003'), found({ record: own, open: true }))).toEqual(takesUp(own));
  });
});
