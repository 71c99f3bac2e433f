import { describe, expect, it } from 'vitest';
import { heldBy } from '../../src/activities/messages/artifacts/find.ts';
import { chosen } from '../../src/activities/messages/artifacts/artifacts.ts';
import { removeArtifactsRequest, type Artifact } from '../../src/domain/artifacts.ts';
import { siblingName, siblingRoles, parseSiblingName } from '../../src/domain/names.ts';
import { leftBehind, type OperationRecord } from '../../src/domain/record.ts';
import { findings } from '../example-plan.ts';

const snapshot = findings['snapshot'];
if (!snapshot.made) throw new Error('the example has a snapshot');
const record: OperationRecord = {
  version: 1,
  kind: 'rollback',
  operation: 'bs-0a1b2c3d',
  workflowId: 'backstep-radar',
  runId: 'r',
  service: 'radar',
  namespace: 'radar',
  startedAt: '2025-11-18T03:00:00Z',
  database: { server: '1', name: 'radar', fencedName: 'radar__backstep_0a1b2c3d' },
  from: '0005',
  target: '0004',
  stopped: { workloads: [], cronJobs: [], paused: [] },
  rolledBack: [],
  breaches: [],
  artifacts: ['radar__failed_0a1b2c3d'],
};

describe('law 1: what an unfinished operation may need is held', () => {
  it.each([
    ['its own snapshot', 'radar__snapshot_0a1b2c3d', 'bs-0a1b2c3d', {}],
    ['its own dump', 'radar/bs-0a1b2c3d-1.dump', 'bs-0a1b2c3d', {}],
    [
      'the dump of one taken up',
      'radar/bs-11111111-1.dump',
      'bs-11111111',
      { backup: { ...findings['back-up'], file: 'radar/bs-11111111-1.dump' } },
    ],
    [
      'the snapshot of one taken up',
      'radar__snapshot_11111111',
      'bs-11111111',
      { snapshot: { ...snapshot, database: 'radar__snapshot_11111111' } },
    ],
    [
      'the salvage file of one taken up',
      'radar/bs-11111111-salvage-1.sql.gz',
      'bs-11111111',
      { database: { ...record.database, fencedName: 'radar__backstep_11111111' } },
    ],
  ] as const)('%s', (_what, name, operation, more) => {
    expect(heldBy({ ...record, ...more }, { name, operation })).toContain('bs-0a1b2c3d');
    expect(heldBy(undefined, { name, operation })).toBeUndefined();
  });

  it('and nothing else', () => {
    expect(heldBy(record, { name: 'radar__failed_22222222', operation: 'bs-22222222' })).toBeUndefined();
  });
});

const thing = (name: string, more: Partial<Artifact> = {}): Artifact => ({
  name,
  kind: 'dump',
  operation: 'bs-22222222',
  expired: false,
  ...more,
});

describe('what is removed', () => {
  const kept = [thing('a', { expired: true }), thing('b'), thing('c', { heldBy: 'an operation' })];

  it('expired: what is expired, and nothing else', () => {
    expect(chosen({ artifacts: kept, notes: [] }, { names: [], expired: true })).toEqual({
      wanted: [kept[0]],
      refused: [],
    });
  });

  it('by name: what is named once or twice; each refusal is named', () => {
    const { wanted, refused } = chosen(
      { artifacts: kept, notes: ['no Job'] },
      { names: ['b', 'b', 'c', 'radar'], expired: false },
    );
    expect(wanted).toEqual([kept[1]]);
    expect(refused).toEqual([
      { name: 'c', why: 'an operation' },
      {
        name: 'radar',
        why: expect.stringMatching(/gone already, or Backstep did not make it. no Job/) as string,
      },
    ]);
  });

  it('is either named or expired', () => {
    const service = 'radar';
    expect(removeArtifactsRequest.safeParse({ service }).success).toBe(false);
    expect(removeArtifactsRequest.safeParse({ service, names: ['a'], expired: true }).success).toBe(false);
    expect(removeArtifactsRequest.safeParse({ service, names: ['a'] }).success).toBe(true);
    expect(removeArtifactsRequest.safeParse({ service, expired: true }).success).toBe(true);
  });
});

describe('names of databases', () => {
  it('tell who made them, however long the database’s own', () => {
    for (const role of siblingRoles) {
      for (const name of ['radar', 'x'.repeat(63), 'é'.repeat(31)])
        expect(parseSiblingName(siblingName(name, role, 'bs-0a1b2c3d'))).toEqual({
          role,
          operation: 'bs-0a1b2c3d',
        });
    }
  });

  it('tell several of one role apart', () => {
    const second = siblingName('radar', 'failed', 'bs-0a1b2c3d', 2);
    expect(second).toBe('radar__failed_0a1b2c3d_2');
    expect(parseSiblingName(second)).toEqual({ role: 'failed', operation: 'bs-0a1b2c3d', number: 2 });
    expect(siblingName('x'.repeat(63), 'failed', 'bs-0a1b2c3d', 12)).toHaveLength(63);
  });

  it.each([
    'radar',
    'radar__snapshot_',
    'radar__mine_0a1b2c3d',
    'radar__snapshot_0a1b2c3d_copy',
    '__snapshot_0A1B2C3D',
  ])('%s is nobody’s of ours', (name) => expect(parseSiblingName(name)).toBeUndefined());
});

describe('a finished operation', () => {
  it('remembers its snapshot and its failed databases, each until its time', () => {
    const endedAt = '2025-11-18T04:00:00.000Z';
    expect(leftBehind({ ...record, snapshot }, endedAt, 3_600_000)).toEqual([
      { name: snapshot.database, since: snapshot.takenAt, until: snapshot.keepUntil },
      { name: 'radar__failed_0a1b2c3d', since: endedAt, until: '2025-11-18T05:00:00.000Z' },
    ]);
  });
});
