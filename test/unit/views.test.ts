import { describe, expect, test } from 'vitest';
import { attributesOf, details } from '../../src/views/details.ts';
import { markdown } from '../../src/views/render/markdown.ts';
import { fault } from '../../src/domain/failures.ts';
import type { Event } from '../../src/domain/journal/journal.ts';
import {
  approvedBy,
  done,
  gateOpened,
  gatePassed,
  hash,
  journalOf,
  straight,
  subject,
} from '../example-journal.ts';
import { progressOf } from '../../src/views/progress.ts';

const at = (...events: Event[]) => progressOf(journalOf(...events), subject());
const detailsOf = (...events: Event[]) => details(journalOf(...events), subject());
const failed: Event = {
  kind: 'step-failed',
  step: 'verify',
  try: 1,
  fault: fault('VerificationFailed', 'papers | 90 rows\n<b>not</b> 100'),
};
const held: Event = {
  kind: 'hold-opened',
  hold: 'verify-1',
  step: 'verify',
  fault: failed.fault,
  decisions: ['retry', 'restore', 'abort'],
  byHand: ['kubectl scale deployment/radar-api -n radar --replicas=3'],
};

describe('progress', () => {
  test('before anything it lists the steps to come', () => {
    const { steps, phase } = progressOf([], {
      service: 'radar',
      operation: 'bs-0',
      workflowId: 'w',
      kind: 'rollback',
    });
    expect(phase).toBe('assess');
    expect(steps.every(({ state }) => state === 'to-do')).toBe(true);
    expect(steps.map(({ step }) => step)).toEqual([
      'assess',
      'stop-writes',
      'snapshot',
      'back-up',
      'rehearse',
      'salvage',
      'downgrade',
      'verify',
      'roll-back-app',
      'start-app',
      'resume-cron-jobs',
      'report',
    ]);
  });

  test('of a running step it knows the start, of an ended one the time', () => {
    const { steps, phase } = at(...done('assess'), { kind: 'step-began', step: 'stop-writes', try: 1 });
    expect(phase).toBe('stop-writes');
    expect(steps[0]).toMatchObject({
      state: 'done',
      startedAt: '2025-11-18T03:00:00.000Z',
      endedAt: '2025-11-18T03:00:05.000Z',
    });
    expect(steps[1]).toMatchObject({ state: 'running', startedAt: '2025-11-18T03:00:10.000Z' });
    expect(steps[1]).not.toHaveProperty('endedAt');
  });

  test('keeping writes stopped beside the steps is not the phase', () => {
    const { phase } = at(
      ...done('assess'),
      ...done('stop-writes'),
      { kind: 'step-began', step: 'back-up', try: 1 },
      { kind: 'step-began', step: 'guard-writes', try: 1 },
    );
    expect(phase).toBe('back-up');
  });

  test('an open gate shows its hash and who approved so far; a closed one is gone', () => {
    expect(at(gateOpened, approvedBy('ann'))).toMatchObject({
      phase: 'gate-downgrade',
      gate: { hash, people: 2, approvedBy: ['ann'] },
    });
    expect(at(gateOpened, approvedBy('ann'), approvedBy('bob'), gatePassed)).not.toHaveProperty('gate');
  });

  test('approvals of an earlier gate do not count for a later one', () => {
    const { gate } = at(gateOpened, approvedBy('ann'), gatePassed, { ...gateOpened, gate: 'restore' });
    expect(gate).toMatchObject({ gate: 'restore', approvedBy: [] });
  });

  test('a hold shows its step as holding, and skip as skipped', () => {
    const began: Event = { kind: 'step-began', step: 'verify', try: 1 };
    const holding = at(began, failed, held);
    expect(holding).toMatchObject({ phase: 'hold-verify', hold: { hold: 'verify-1' } });
    expect(holding.steps[0]).toMatchObject({ state: 'holding' });
    const skipped = at(began, failed, held, {
      kind: 'hold-closed',
      hold: 'verify-1',
      decision: 'skip',
      by: 'ann',
    });
    expect(skipped.steps[0]).toMatchObject({ state: 'skipped' });
    expect(skipped).not.toHaveProperty('hold');
  });

  test('once it is put back, what would have followed is no longer to come', () => {
    const { steps } = at(...done('assess'), ...done('stop-writes'), {
      kind: 'step-began',
      step: 'put-back',
      try: 1,
    });
    expect(steps.filter(({ state }) => state === 'to-do').map(({ step }) => step)).toEqual(['report']);
  });

  test('counts: after the first stop, and of the database as it is at the end', () => {
    expect(at(...straight).counts).toEqual({
      afterStop: { papers: 100, opportunities: 20, scores: 7 },
      atEnd: { papers: 100, opportunities: 20 },
    });
    expect(at(...straight, ...done('restore')).counts.atEnd).toEqual({
      papers: 100,
      opportunities: 20,
      scores: 7,
    });
  });

  test('only the latest ignored messages are shown', () => {
    const ignored = Array.from({ length: 9 }, (_unused, index): Event => ({
      kind: 'message-ignored',
      message: 'approve',
      by: `p${index}`,
      why: 'too early',
    }));
    expect(at(...ignored).ignored.map(({ by }) => by)).toEqual(['p4', 'p5', 'p6', 'p7', 'p8']);
  });
});

describe('current details', () => {
  test('an open gate says what to do, with the very hash and the very JSON', () => {
    const text = detailsOf(...done('assess'), gateOpened, approvedBy('ann'));
    expect(text).toContain(`waits for 1 person** until 2025-11-18 04:00:00 UTC`);
    expect(text).toContain(`{"gate":"downgrade","plan":"${hash}","by":"your name"}`);
    expect(text).toContain(`backstep approve radar --gate downgrade --plan ${hash}`);
    expect(text).toContain('- Database: 0005 → 0004');
    expect(text).toContain('Approved so far by: ann');
  });

  test('a hold says what happened, what can be decided, and how to undo the freeze by hand', () => {
    const text = detailsOf({ kind: 'step-began', step: 'verify', try: 1 }, failed, held);
    expect(text).toContain('**Hold: verify needs a decision**');
    expect(text).toContain('{"hold":"verify-1","decision":"retry","by":"your name"}');
    expect(text).toContain('`retry`, `restore`, `abort`');
    expect(text).toContain('kubectl scale deployment/radar-api');
  });

  test('say who was called and who is on it, what the alert says now, and whom nobody could tell', () => {
    const escalated: Event = { kind: 'escalated', to: 'DBA | first', why: 'Step verify failed 2 times.' };
    const text = details(journalOf(escalated, escalated), subject());
    expect(text).toContain('Escalated to DBA | first: Step verify failed 2 times.');
    expect(text).toContain('Nobody is on it yet: `backstep acknowledge radar`');
    const later = journalOf(
      escalated,
      { kind: 'acknowledged', by: 'ann' },
      { kind: 'annotated', source: 'alertmanager', fingerprint: 'f', status: 'resolved', text: 'errors' },
      { kind: 'not-notified', to: 'ops', what: 'ended', why: '404' },
      { kind: 'not-notified', to: 'ops', what: 'more', why: '404' },
    );
    const after = details(later, subject());
    expect(after).not.toContain('Nobody is on it');
    for (const line of ['On it: ann', 'Alert resolved, says alertmanager: errors', 'Could not be told: ops'])
      expect(after.split('\n')).toContain(line);
  });

  test('every row of its table has four cells, whatever a message holds, and there is no HTML', () => {
    const text = detailsOf({ kind: 'step-began', step: 'verify', try: 1 }, failed, held);
    const rows = text.split('\n').filter((line) => line.startsWith('|'));
    expect(rows.length).toBeGreaterThan(5);
    for (const row of rows) expect(row.split(/(?<!\\)\|/)).toHaveLength(6);
    expect(text).not.toContain('<b>');
  });

  test('a cell is one line without a pipe', () => {
    const table = { kind: 'table', head: ['What'], rows: [[' a\n| b <i> ']] } as const;
    expect(markdown([table])).toContain('| a \\| b &lt;i> |');
  });
});

test('search attributes: what is not known yet is absent', () => {
  expect(
    attributesOf([], { service: 'radar', operation: 'bs-0', workflowId: 'w', kind: 'rollback' }),
  ).toEqual({
    service: 'radar',
    phase: 'assess',
  });
  expect(attributesOf(journalOf(...straight), subject())).toEqual({
    service: 'radar',
    phase: 'ended',
    target: '0004',
    outcome: 'rolled-back',
  });
});
