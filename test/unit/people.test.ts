import { describe, expect, test } from 'vitest';
import { details } from '../../src/views/details.ts';
import type { Event } from '../../src/domain/journal/journal.ts';
import { reportMarkdown } from '../../src/views/report/documents.ts';
import { reportOf } from '../../src/views/report/report.ts';
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

const oidc = { method: 'oidc', issuer: 'https://id.example', roles: ['dba'] } as const;
const proof = { ...oidc, roles: [...oidc.roles] };
const token = { method: 'token' as const, roles: ['incident-commander'] };
const stopped = [...done('assess'), ...done('stop-writes')];
const of = (...events: Event[]) => ({ journal: journalOf(...events), subject: subject() });

describe('the write outage', () => {
  test('runs from the stop of writes to the end of its budget, and a failed start does not end it', () => {
    const started: Event[] = [...done('start-app'), { kind: 'step-began', step: 'stop-writes', try: 2 }];
    for (const events of [stopped, [...stopped, ...started]]) {
      const { journal, subject } = of(...events);
      expect(progressOf(journal, subject).outage).toEqual({
        since: '2025-11-18T03:00:10.000Z',
        budget: 2 * 3_600_000,
        endsAt: '2025-11-18T05:00:10.000Z',
      });
    }
  });

  test('is over once the application has started, or was put back; before the stop there is none', () => {
    for (const events of [done('assess'), straight, [...stopped, ...done('put-back')]]) {
      const { journal, subject } = of(...events);
      expect(progressOf(journal, subject)).not.toHaveProperty('outage');
    }
  });

  test('stands in the current details with the time at which the budget is used up', () => {
    const { journal, subject } = of(...stopped);
    expect(details(journal, subject)).toContain(
      '**Writes are stopped** since 03:00:10 UTC; the outage budget of 2 h 00 min is used up at 2025-11-18 05:00:10 UTC.',
    );
  });
});

describe('people at a gate', () => {
  const wants = { roles: ['dba'], proof: true, notBy: 'ann', breakGlass: ['incident-commander'] } as const;
  const opened: Event = {
    ...gateOpened,
    wants: { ...wants, roles: [...wants.roles], breakGlass: [...wants.breakGlass] },
  };

  test('what the policy wants of them is in progress and current details', () => {
    const { journal, subject } = of(...stopped, opened);
    expect(progressOf(journal, subject).gate?.wants).toEqual(wants);
    const text = details(journal, subject);
    for (const line of [
      '- Who approves must hold one of the roles: dba',
      '- Only a proved person counts',
      '- ann started it, so another person must approve',
      '- May be passed alone, with a reason, by one of the roles: incident-commander',
    ])
      expect(text).toContain(line);
  });
});

describe('the report', () => {
  test('says of each decision who made it and how the person was proved', () => {
    const { journal, subject } = of(
      opened('start'),
      { kind: 'gate-approved', gate: 'start', hash, by: 'ann', proof },
      approvedBy('bob'),
      { kind: 'gate-closed', gate: 'restore', hash, verdict: 'rejected', by: ['cyd'], proof: token },
      { kind: 'hold-closed', hold: 'verify-1', decision: 'retry', by: 'dee', proof },
      { kind: 'hold-closed', hold: 'verify-2', decision: 'give-up', by: 'the write outage budget' },
      { kind: 'acknowledged', by: 'eve', proof: token },
    );
    expect(reportOf(journal, subject).decisions.map(({ by, proof, issuer }) => [by, proof, issuer])).toEqual([
      ['ann', 'oidc', 'https://id.example'],
      ['bob', 'self-asserted', undefined],
      ['cyd', 'token', undefined],
      ['dee', 'oidc', 'https://id.example'],
      ['the write outage budget', 'policy', undefined],
      ['eve', 'token', undefined],
    ]);
  });

  test('begins with a broken glass, before all else that needs a person', () => {
    const broken: Event = {
      kind: 'gate-approved',
      gate: 'downgrade',
      hash,
      by: 'eve',
      reason: 'nobody else answers',
      proof: token,
      breakGlass: true,
    };
    const { journal, subject } = of(...stopped, gateOpened, broken, {
      ...gatePassed,
      by: ['eve'],
      breakGlass: true,
    } as Event);
    const report = reportOf(journal, subject);
    const said = 'Glass broken: eve (incident-commander) passed gate downgrade alone: nobody else answers';
    expect(report.attention[0]).toBe(said);
    expect(report.attention.length).toBeGreaterThan(1);
    const markdown = reportMarkdown(report);
    expect(markdown).toContain(said);
    expect(markdown.indexOf(said)).toBeLessThan(
      markdown.indexOf('Writes are stopped: the application is down'),
    );
  });

  test('tells of alerts that came meanwhile', () => {
    const { journal, subject } = of({
      kind: 'annotated',
      source: 'grafana',
      fingerprint: 'f1',
      status: 'resolved',
      text: 'RadarDown is resolved',
    });
    expect(reportOf(journal, subject).timeline[0]?.what).toBe(
      'alert grafana f1 resolved: RadarDown is resolved',
    );
  });
});

function opened(gate: 'start'): Event {
  return { ...gateOpened, gate };
}
