import { expect, test } from 'vitest';
import type { Notification } from '../../src/views/notification.ts';
import { pagerDutyEvents } from '../../src/notifications/pagerduty.ts';

const notification: Notification = {
  key: 'bs-0a1b2c3d-escalated-t',
  kind: 'escalation',
  state: 'needs-you',
  service: 'radar',
  operation: 'bs-0a1b2c3d',
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

test('PagerDuty has an alert of its own for each level, which tells somebody while the hold is open, and closes them all', () => {
  expect(keys({ escalations: 1 })).toEqual(['trigger bs-0a1b2c3d-escalation-1']);
  expect(keys({ escalations: 2 })).toEqual(['trigger bs-0a1b2c3d-escalation-2']);
  expect(keys({ state: 'on-it', escalations: 2 })).toEqual([
    'acknowledge bs-0a1b2c3d',
    'acknowledge bs-0a1b2c3d-escalation-1',
    'acknowledge bs-0a1b2c3d-escalation-2',
  ]);
  expect(keys({ kind: 'end', state: 'settled', escalations: 1 })).toEqual([
    'resolve bs-0a1b2c3d',
    'resolve bs-0a1b2c3d-escalation-1',
  ]);
});
