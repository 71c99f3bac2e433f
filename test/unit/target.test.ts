import { describe, expect, it } from 'vitest';
import { rollbackRequest } from '../../src/domain/plan/request.ts';
import { resolveTarget } from '../../src/migrations/alembic/target.ts';
import type { HistoryRevision } from '../../src/migrations/tool.ts';

const revision = (id: string, parents: string[], dependencies: string[] = []): HistoryRevision => ({
  revision: id,
  parents,
  dependencies,
  message: `makes ${id}`,
  path: `alembic/versions/${id}.py`,
});

/** 0001 … 0005, newest first, as Alembic walks them. */
const line = ['0005', '0004', '0003', '0002', '0001'].map((id, at, all) =>
  revision(id, all[at + 1] === undefined ? [] : [all[at + 1] as string]),
);

/** `first` – `left` and `right` – `merge` – `last`. */
const merged = [
  revision('last1', ['merge']),
  revision('merge', ['left1', 'right']),
  revision('right', ['first']),
  revision('left2', ['left1']),
  revision('left1', ['first']),
  revision('first', []),
];

const move = (requested: string, history: HistoryRevision[], current: string[]) => {
  const target = resolveTarget(requested, history, current);
  return target.kind === 'move' ? [target.target, target.reverts.map((each) => each.revision)] : target;
};
const refusal = (requested: string, history: HistoryRevision[], current: string[]) => {
  const target = resolveTarget(requested, history, current);
  return target.kind === 'refused' ? target.fault.type : target;
};

const message = (requested: string, history: HistoryRevision[], current: string[]) => {
  const target = resolveTarget(requested, history, current);
  return target.kind === 'refused' ? target.fault.message : '';
};

describe('law 2: one explicit revision, decided before anything is touched', () => {
  it.each([
    ['-1', '0004', ['0005']],
    ['-3', '0002', ['0005', '0004', '0003']],
    ['-5', 'base', ['0005', '0004', '0003', '0002', '0001']],
    ['base', 'base', ['0005', '0004', '0003', '0002', '0001']],
    ['0003', '0003', ['0005', '0004']],
  ])('%s from 0005 is %s', (requested, target, reverts) => {
    expect(move(requested, line, ['0005'])).toEqual([target, reverts]);
  });

  it('counts from the revision of the database, not from the head of the image', () => {
    expect(move('-1', line, ['0003'])).toEqual(['0002', ['0003']]);
  });

  it('takes the beginning of a revision, as Alembic does, where it is the only one', () => {
    const hashed = [revision('ab12cd34', ['ab99ff00']), revision('ab99ff00', [])];
    expect(move('ab9', hashed, ['ab12cd34'])).toEqual(['ab99ff00', ['ab12cd34']]);
    expect(refusal('ab', hashed, ['ab12cd34'])).toBe('TargetUnknown');
  });

  it('says that the target is reached already', () => {
    expect(resolveTarget('0004', line, ['0004'])).toEqual({ kind: 'there', revision: '0004' });
    expect(resolveTarget('base', line, [])).toEqual({ kind: 'there', revision: 'base' });
  });
});

describe('refusals name the next move', () => {
  it.each([
    ['0009', ['0005'], 'TargetUnknown'],
    ['-6', ['0005'], 'TargetUnknown'],
    ['-1', [], 'TargetUnknown'],
    ['-1', ['gone'], 'TargetUnknown'],
    ['0005', ['0003'], 'TargetNotAncestor'],
    ['-1', ['0005', '0004'], 'SeveralHeads'],
  ])('%s at %j: %s', (requested, current, type) => {
    expect(refusal(requested, line, current)).toBe(type);
  });

  it('lists the revisions from which to choose, newest first', () => {
    for (const requested of ['0009', '-6'])
      expect(message(requested, line, ['0005'])).toMatch(/newest first: 0005, 0004, 0003, 0002, 0001\.$/);
    expect(message('-1', line, ['gone'])).toContain('newest first: 0005, 0004');
    expect(message('0005', line, ['0003'])).toMatch(/Below it are, newest first: 0002, 0001\.$/);
    const long = Array.from({ length: 30 }, (_, at) =>
      revision(`r${30 - at}`, at < 29 ? [`r${29 - at}`] : []),
    );
    expect(message('0009', long, ['r30'])).toMatch(/r30, .*, r11 and 10 older ones\.$/);
  });

  it('refuses a branch that the database is not on', () => {
    expect(refusal('left2', merged, ['last1'])).toBe('TargetNotAncestor');
  });
});

describe('what a request may ask for', () => {
  it.each(['-1', '-12', 'base', '0004', 'ae1027a6acf', 'v3.0.0.d', 'add_users-2'])('%s', (target) => {
    expect(rollbackRequest.parse({ service: 'radar', target }).target).toBe(target);
  });

  it.each(['', '-0', '-01', '+1', '.', '../x', 'a b', 'head@1', '--sql', '$(x)'])('not %j', (target) => {
    expect(rollbackRequest.safeParse({ service: 'radar', target }).success).toBe(false);
  });
});

describe('histories that branch and merge', () => {
  it('goes back to a merge, and below it only where one revision is left', () => {
    expect(move('-1', merged, ['last1'])).toEqual(['merge', ['last1']]);
    expect(refusal('-2', merged, ['last1'])).toBe('SeveralHeads');
    expect(refusal('left1', merged, ['last1'])).toBe('SeveralHeads');
    const [target, reverts] = move('first', merged, ['last1']) as [string, string[]];
    expect(target).toBe('first');
    expect(reverts.slice(0, 2)).toEqual(['last1', 'merge']);
    expect(reverts.toSorted()).toEqual(['last1', 'left1', 'merge', 'right']);
  });

  it('takes depends_on into account', () => {
    const history = [
      revision('users2', ['users1'], ['mail1']),
      revision('users1', []),
      revision('mail1', []),
    ];
    expect(refusal('users1', history, ['users2'])).toBe('SeveralHeads');
    expect(move('base', history, ['users2'])).toEqual(['base', ['users2', 'users1', 'mail1']]);
  });
});
