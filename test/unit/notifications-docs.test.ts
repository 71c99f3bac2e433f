import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { serviceDefinition } from '../../src/domain/definition/service.ts';
import { notificationOf } from '../../src/views/notification.ts';
import { fault } from '../../src/domain/failures.ts';
import { blocksOf, markedIn, textOf } from '../docs.ts';
import { journalOf, subject } from '../example-journal.ts';
import { definitionSource } from '../example-plan.ts';

const page = 'docs/notifications.md';

test('docs/notifications.md: its definitions are good together, and name no channel that does not exist', () => {
  const shown = markedIn(page, 'definition').map((text) => parse(text) as object);
  expect(shown).toHaveLength(2);
  const { notify, escalation } = serviceDefinition.parse(Object.assign(definitionSource(), ...shown));
  expect(notify.map(({ channel }) => channel)).toEqual(['slack', 'pagerduty', 'webhook', 'email']);
  expect(escalation.path).toHaveLength(4);
});

test('docs/notifications.md: every Secret key that the definition names is made by the command beside it', () => {
  const [command = ''] = markedIn(page, 'notifications');
  const keys = [...textOf(page).matchAll(/secret: backstep-notifications, key: (\w+)/g)].map(
    ([, key]) => key,
  );
  expect(keys).toHaveLength(4);
  for (const key of keys) expect(command).toContain(`--from-literal=${key}=`);
});

test('docs/notifications.md: a webhook gets what is shown', () => {
  const example = blocksOf(page).find(({ language }) => language === 'json');
  const { data } = JSON.parse(example?.text ?? '{}') as { data: Record<string, unknown> };
  const [entry] = journalOf({
    kind: 'hold-opened',
    hold: 'verify-1',
    step: 'verify',
    fault: fault('VerificationFailed', 'papers has 9 rows, and not 10.'),
    decisions: ['retry'],
    byHand: [],
  });
  const notification = entry && notificationOf(entry, { ...subject(), service: 'deeptech-radar' }, [entry]);
  expect(Object.keys(data)).toEqual(
    expect.arrayContaining(Object.keys(notification ?? {}).filter((key) => key !== 'link')),
  );
  for (const key of ['key', 'kind', 'state', 'service', 'operation', 'title', 'next'] as const)
    expect(data[key]).toEqual(notification?.[key]);
  expect(notification?.lines).toContain((data['lines'] as string[])[0]);
});
