import { expect, test } from 'vitest';
import type { Notification } from '../../src/views/notification.ts';
import { pagerDutyEvents } from '../../src/notifications/pagerduty.ts';

const notification: Notification = {
  key: 'bs-0a1b2c3d-escalated-t',
  kind: 'escalation',
  state: 'needs-you',
  service: 'radar',
  operation: 'bs-0a1b2c3d',
  incident: 'bs-0a1b2c3d-escalated-t',
  incidents: ['bs-0a1b2c3d-escalated-t'],
  at: '2025-11-18T03:00:00.000Z',
  title: 'radar: escalated to DBA',
  lines: [],
  next: [],
};

const keys = (changes: Partial<Notification>) =>
  pagerDutyEvents('R', { ...notification, ...changes }).map((each) => {
    const { event_action: action, dedup_key: key } = each as Record<string, string>;
    return `${action} ${key}`;
  });

test('PagerDuty has an alert of its own for each question and level, so that each pages, and closes them all', () => {
  const [gate, level] = ['bs-0a1b2c3d-gate-downgrade-0123456789ab', 'bs-0a1b2c3d-escalated-t'];
  expect(keys({ incident: gate, incidents: [gate] })).toEqual([`trigger ${gate}`]);
  expect(keys({ incident: level, incidents: [gate, level] })).toEqual([`trigger ${level}`]);
  expect(keys({ state: 'on-it', incidents: [gate, level] })).toEqual([
    `acknowledge ${gate}`,
    `acknowledge ${level}`,
  ]);
  expect(keys({ kind: 'end', state: 'settled', incidents: [gate, level] })).toEqual([
    `resolve ${gate}`,
    `resolve ${level}`,
  ]);
});
