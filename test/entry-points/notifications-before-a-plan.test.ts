import { describe, expect, test } from 'vitest';
import { assess, withNotificationSettings } from '../../src/activities/assess/activity.ts';
import type { BaseContext } from '../../src/activities/context.ts';
import { fault } from '../../src/domain/failures.ts';
import { rollbackRequest } from '../../src/domain/plan/request.ts';
import { serviceDefinition } from '../../src/domain/definition/service.ts';
import { definitionSource } from '../example-plan.ts';
import { failing, workflowHarness } from '../workflow/harness.ts';
import type { ServiceSetup } from '../workflow/harness.ts';

const harness = workflowHarness();

const ref = { secret: 'channels', key: 'k' };
const ops = { name: 'ops', channel: 'slack', url: ref } as const;
const pager = { name: 'pager', channel: 'pagerduty', routingKey: ref } as const;

const serviceOf = (workflowId: string) => workflowId.replace('backstep-', '');
const titles = (service: string) =>
  harness
    .notifications(service)
    .filter(({ to }) => to.name === 'ops')
    .map(({ notification }) => notification.title.replace(/^.*?: /, ''));

describe('an end before any plan', () => {
  const alert = { source: 'alertmanager', fingerprint: 'f1', rule: 0 } as const;
  const { notify } = serviceDefinition.parse({ ...definitionSource(), notify: [ops, pager] });
  const notificationSettings = { notify, namespace: 'radar' };
  const faults = [fault('SecretMissing', 'a'), fault('DatabaseUnreachable', 'b')];
  const refusing = (more: object = {}): ServiceSetup => ({
    request: { alert },
    activities: { assess: () => ({ kind: 'refused', faults, ...more }) },
  });

  test('is told where an alert asked and was refused: every fault, before the run fails', async () => {
    const run = await harness.start(refusing({ notificationSettings }));
    expect(await run.failure()).toMatchObject({ type: 'Refused' });
    const notifications = harness.notifications(serviceOf(run.handle.workflowId));
    expect(notifications.map(({ to }) => to.name)).toEqual(['ops', 'pager']);
    expect(notifications[0]).toMatchObject({
      namespace: 'radar',
      notification: {
        state: 'needs-you',
        lines: [expect.stringMatching(/^SecretMissing: a/), expect.stringMatching(/^DatabaseUnreachable: b/)],
      },
    });
    expect(titles(serviceOf(run.handle.workflowId))).toEqual(['refused, and nothing was touched']);
  });

  test('is told where an alert asked and there is nothing to do', async () => {
    const found = {
      kind: 'nothing-to-do',
      reason: 'It is at 0004 already.',
      revision: '0004',
      notificationSettings,
    } as const;
    const run = await harness.start({ request: { alert }, activities: { assess: () => found } });
    expect(await run.result()).toMatchObject({ outcome: 'nothing-to-do' });
    expect(titles(serviceOf(run.handle.workflowId))).toEqual(['ended nothing-to-do']);
  });

  test('fails as refused although no channel takes it', async () => {
    const run = await harness.start({
      ...refusing({ notificationSettings }),
      notify: failing('ChannelRefused'),
    });
    expect(await run.failure()).toMatchObject({ type: 'Refused' });
    expect(await run.progress()).toMatchObject({ outcome: 'rejected' });
  });

  test('of a run whose assessment names nobody has no command that its history lacks', async () => {
    const run = await harness.start(refusing());
    expect(await run.failure()).toMatchObject({ type: 'Refused' });
    expect((await run.progress()).outcome).toBeUndefined();
    expect(harness.notifications(serviceOf(run.handle.workflowId))).toEqual([]);
  });

  test('says whom to tell only where an alert asked, and nobody reads the answer', () => {
    const definition = serviceDefinition.parse({ ...definitionSource(), notify: [ops, pager] });
    const asked = { request: rollbackRequest.parse({ service: 'radar', alert }), onlyPlan: false };
    const refused = { kind: 'refused' as const, faults };
    expect(withNotificationSettings(asked, definition, refused)).toEqual({
      ...refused,
      notificationSettings,
    });
    const bare = { request: rollbackRequest.parse({ service: 'radar' }), onlyPlan: false };
    for (const other of [bare, { ...asked, onlyPlan: true }])
      expect(withNotificationSettings(other, definition, refused)).toEqual(refused);
    expect(withNotificationSettings(asked, { ...definition, notify: [] }, refused)).toEqual(refused);
  });

  test('names nobody where the definition does not load', async () => {
    const definitions = { list: async () => [], load: async () => ({ faults }) };
    const base = { definitions, progress: () => {} } as Partial<BaseContext> as BaseContext;
    const asked = {
      kind: 'rollback' as const,
      request: rollbackRequest.parse({ service: 'radar', alert }),
      operation: 'bs-00000001' as const,
      workflowId: 'backstep-radar',
      runId: 'run-1',
      onlyPlan: false,
    };
    expect(await assess(base, asked)).toEqual({ kind: 'refused', faults });
  });
});
