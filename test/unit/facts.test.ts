import { describe, expect, test } from 'vitest';
import { failures, fault } from '../../src/domain/failures.ts';
import type { FailureType } from '../../src/domain/failures.ts';
import type { Outcome } from '../../src/domain/journal/outcome.ts';
import { gatesOf } from '../../src/domain/leads-to.ts';
import type { LeftBy, Situation } from '../../src/domain/leads-to.ts';
import type { PlanKind } from '../../src/domain/plan/plan.ts';
import { advisedAt, consequenceOf, gateQuestion, holdQuestion, outcomeOf } from '../../src/views/facts.ts';

import { situation } from '../example-journal.ts';

const kinds: PlanKind[] = ['rollback', 'emergency-restore', 'point-in-time-restore'];
const way = { from: '0005', target: '0004' };

/** How an outcome is taken. */
const taken = (outcome: Outcome, changes: Partial<Situation> = {}, leftBy?: LeftBy) => {
  const { mood, needsYou } = outcomeOf({
    outcome,
    situation: situation({ writes: 'resumed', ...changes }),
    ...(leftBy && { leftBy }),
  });
  return `${mood}${needsYou ? ', needs you' : ''}`;
};

const rejected = (kind: PlanKind) =>
  consequenceOf(
    { gate: 'restore', answer: 'reject' },
    situation({ kind, pivotPassed: kind === 'rollback' }),
    way,
  ).consequence;

const abort = (pivotPassed: boolean) =>
  consequenceOf({ hold: 'verify', answer: 'abort' }, situation({ pivotPassed }), way).consequence;

describe('an outcome is good, waits for somebody or is bad, in one place', () => {
  test.each([
    ['rolled-back', {}, undefined, 'good'],
    ['nothing-to-do', { writes: 'untouched' }, undefined, 'good'],
    ['restored', { kind: 'emergency-restore' }, undefined, 'good'],
    ['restored', { kind: 'point-in-time-restore' }, undefined, 'good'],
    // The bad release runs again: the problem stands, and a person knows.
    ['restored', {}, 'person', 'waits'],
    ['put-back', {}, 'person', 'waits'],
    ['put-back', {}, 'nobody', 'waits, needs you'],
    ['put-back', {}, 'failure', 'waits, needs you'],
    ['rejected', { writes: 'untouched' }, 'person', 'waits'],
    ['rejected', { writes: 'untouched' }, 'nobody', 'waits, needs you'],
    ['rejected', { writes: 'untouched', takenUp: true }, 'person', 'bad, needs you'],
    ['aborted', { writes: 'stopped' }, 'person', 'bad, needs you'],
    ['aborted', {}, 'person', 'bad, needs you'],
    ['aborted', { writes: 'untouched', takenUp: true }, 'person', 'bad, needs you'],
  ] as const)('%s %j, left by %s: %s', (outcome, changes, by, expected) => {
    expect(taken(outcome, changes, by)).toBe(expected);
  });

  test('says that the application is down while it is, and that nobody answered', () => {
    expect(outcomeOf({ outcome: 'aborted', situation: situation() }).sentence).toContain('DOWN');
    expect(
      outcomeOf({ outcome: 'aborted', situation: situation({ writes: 'resumed' }) }).sentence,
    ).not.toContain('DOWN');
    expect(
      outcomeOf({ outcome: 'put-back', leftBy: 'nobody', situation: situation({ writes: 'resumed' }) })
        .sentence,
    ).toBe(
      'Nobody answered in time. Everything that was stopped was started again: the bad release runs, and the database was not moved.',
    );
  });
});

describe('a consequence', () => {
  test('of rejecting gate restore differs by kind: only a rollback stays stopped', () => {
    expect(rejected('rollback')).toContain('stays down');
    for (const kind of ['emergency-restore', 'point-in-time-restore'] as const) {
      expect(rejected(kind)).toContain('started again');
      expect(rejected(kind)).not.toContain('stays down');
    }
  });

  test('of abort puts back before the pivot, and stays down after it', () => {
    expect(abort(false)).toContain('started again as it was. The bad release runs');
    expect(abort(true)).toContain('the application stays down');
  });

  test('of a gate of an operation taken up after its pivot promises no put-back', () => {
    for (const kind of kinds)
      for (const gate of gatesOf[kind]) {
        const untouched = situation({
          kind,
          takenUp: true,
          pivotPassed: true,
          writes: gate === 'start' ? 'untouched' : 'stopped',
        });
        expect(consequenceOf({ gate, answer: 'expire' }, untouched, way).consequence).not.toContain(
          'started again',
        );
      }
  });

  test('of restore names the snapshot before the backup', () => {
    const { consequence } = consequenceOf(
      { hold: 'verify', answer: 'restore' },
      situation({ pivotPassed: true }),
    );
    expect(consequence.indexOf('snapshot')).toBeLessThan(consequence.indexOf('backup'));
    expect(consequence.indexOf('snapshot')).toBeGreaterThan(0);
  });

  test('of skipping salvage says that rows are then only in the ways back', () => {
    expect(consequenceOf({ hold: 'salvage', answer: 'skip' }, situation()).consequence).toContain(
      'only in the snapshot and the backup',
    );
  });
});

test('each gate of each kind asks a question of its own', () => {
  const questions = kinds.flatMap((kind) =>
    gatesOf[kind].map((gate) => gateQuestion(gate, situation({ kind }))),
  );
  for (const question of questions) expect(question).toMatch(/^[A-Z].*\?$/);
  expect(questions.join()).not.toContain('Pass gate');
});

describe('a hold', () => {
  test('asks what should happen, in a sentence', () => {
    expect(holdQuestion('verify', undefined, fault('VerificationFailed', ''))).toBe(
      '“Verify the rollback” failed. What should happen?',
    );
    expect(holdQuestion('resume-cron-jobs', 'daily', fault('CancelRequested', ''))).toBe(
      'Cancelling was asked for, before “Resume the CronJobs, one at a time” (daily). What should happen?',
    );
  });

  test('advises one decision for each failure: the one that its next move names first', () => {
    for (const type of Object.keys(failures) as FailureType[]) {
      const { next, group } = failures[type];
      if (group === 'start' || group === 'people') continue;
      const named = [...(/`(retry|skip|restore|abort)`/.exec(next) ?? [])][1];
      const advised = advisedAt(fault(type, ''), ['retry', 'skip', 'restore', 'abort']);
      if (named !== undefined) expect([type, named]).toEqual([type, advised]);
    }
  });

  test('advises nothing where the answer that helps is not offered', () => {
    expect(advisedAt(fault('VerificationFailed', ''), ['retry', 'abort'])).toBeUndefined();
  });
});
