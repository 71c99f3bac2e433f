import { describe, expect, it } from 'vitest';
import { shownAtEmergency, shownAtEmergencyStart } from '../../src/views/gate-emergency.ts';
import { shownAtRecoveryStart, shownAtSwitch } from '../../src/views/gate-point-in-time.ts';
import type { Diagnosis } from '../../src/domain/diagnosis.ts';
import { shownAtDowngrade, shownAtRestore, shownAtStart } from '../../src/views/gate-rollback.ts';
import { recoveryPlan } from '../example-recovery.ts';
import { emergencyPlan, examplePlan, findings, observations, waysBack } from '../example-plan.ts';

const downgrade = (changes: Partial<typeof waysBack> = {}, plan = examplePlan()) =>
  shownAtDowngrade(plan, { ...waysBack, ...changes }).dangers;
const takesUp = { operation: 'bs-99999999', pivotPassed: true } as const;
const found = {
  stopped: findings['stop-writes'],
  snapshot: findings.snapshot,
  restored: findings['restore-new-database'],
  dataDiff: findings['data-diff'],
};
const switched = {
  stopped: findings['stop-writes'],
  restored: findings['restore-instance'],
  compared: findings['compare-instance'],
};

describe('what must be typed before it is approved', () => {
  it('nothing where nothing is lost and it was rehearsed', () => {
    const nothingLost = { ...findings.salvage, lost: [] };
    expect(downgrade({ salvage: nothingLost })).toEqual([]);
    expect(shownAtStart(examplePlan(), observations).dangers).toEqual([]);
    expect(shownAtEmergencyStart(emergencyPlan(), observations).dangers).toEqual([]);
    expect(shownAtRecoveryStart(recoveryPlan(), observations).dangers).toEqual([]);
  });

  it('going on against the advice, at both gates', () => {
    const diagnosis: Diagnosis = {
      advice: 'fix-forward',
      because: 'an index is missing',
      signs: [],
      estimated: { losses: [], unknown: [] },
      notSeen: [],
    };
    const against = ['The advice is: Fix forward instead, because an index is missing'];
    const plan = examplePlan();
    const nothingLost = { ...waysBack, salvage: { ...findings.salvage, lost: [] } };
    expect(shownAtStart(plan, { ...observations, diagnosis }).dangers).toEqual(against);
    expect(shownAtDowngrade(plan, nothingLost, diagnosis).dangers).toEqual(against);
    expect(shownAtDowngrade(plan, nothingLost, { ...diagnosis, advice: 'rollback' }).dangers).toEqual([]);
  });

  it('a loss, a loss that nobody knows, a downgrade that was not rehearsed, and base', () => {
    const lost = [{ kind: 'table' as const, object: 'scores', rows: 7 }];
    expect(downgrade({ salvage: { salvaged: [], notes: [], lost } })).toEqual([
      expect.stringContaining('table scores (7 rows)'),
    ]);
    const unknown = 'not rehearsed, no space';
    expect(downgrade({ salvage: { salvaged: [], notes: [], lost: [], unknown } })).toEqual([
      expect.stringContaining(unknown),
    ]);
    expect(downgrade({ rehearsal: { rehearsed: false, why: 'no space for a copy' } })).toEqual([
      'It was not rehearsed: no space for a copy',
    ]);
    expect(downgrade({}, examplePlan({ target: 'base' }))).toEqual([
      'Every migration is reverted: the schema is empty afterwards.',
    ]);
  });

  it('the start of what was to be rolled back, and whatever puts other data to use', () => {
    expect(shownAtRestore(examplePlan(), findings.restore).dangers).toEqual([
      expect.stringContaining('the revision that was to be rolled back'),
    ]);
    expect(shownAtEmergency(emergencyPlan(), found).dangers).toEqual([
      expect.stringContaining('not in use any more'),
    ]);
    expect(shownAtSwitch(recoveryPlan(), switched).dangers).toEqual([
      expect.stringContaining('another instance'),
    ]);
  });

  it('an operation taken up after its pivot, at each gate', () => {
    const plan = examplePlan({ takesUp });
    for (const { dangers } of [
      shownAtStart(plan, observations),
      shownAtDowngrade(plan, waysBack),
      shownAtRestore(plan, findings.restore),
      shownAtEmergencyStart(emergencyPlan({ takesUp }), observations),
      shownAtEmergency(emergencyPlan({ takesUp }), found),
      shownAtRecoveryStart(recoveryPlan({ takesUp }), observations),
      shownAtSwitch(recoveryPlan({ takesUp }), switched),
    ])
      expect(dangers[0]).toBe('An unfinished operation had begun to change this database.');
  });

  it('a time that is a guess', () => {
    const guessed = recoveryPlan();
    guessed.recovery = { ...guessed.recovery, how: 'proposed' };
    expect(shownAtRecoveryStart(guessed, observations).dangers).toHaveLength(1);
  });
});
