import { expect, test } from 'vitest';
import { keepsFor } from '../../src/activities/salvage/keeps.ts';
import { describeLoss } from '../../src/domain/rehearsal.ts';
import { loses } from '../../src/domain/salvage.ts';

test('law 1: large objects that the downgrade removes are a loss that is not kept', () => {
  const loss = { kind: 'large objects', object: 'large objects', rows: 2 } as const;
  const { keeps, lost, notes } = keepsFor([loss], [], () => true);
  expect(keeps).toEqual([]);
  expect(lost.map(describeLoss)).toEqual(['2 large objects']);
  expect(loses({ salvaged: [], lost, notes })).toBe(true);
  expect(notes).toEqual(['Large objects are not kept: snapshot and backup hold them.']);
});
