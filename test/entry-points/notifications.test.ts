import { setTimeout as pause } from 'node:timers/promises';
import { Worker } from '@temporalio/worker';
import { describe, expect, inject, test, vi } from 'vitest';
import { applicationFailure } from '../../src/activities/activity-function.ts';
import { Failure } from '../../src/domain/failures.ts';
import type { ServiceDefinitionSource } from '../../src/domain/definition/service.ts';
import { timeSkippingServer } from '../temporal.ts';
import { Latch, failing, failingAt, workflowHarness } from '../workflow/harness.ts';
import type { ServiceSetup } from '../workflow/harness.ts';

const harness = workflowHarness();

const ref = { secret: 'channels', key: 'k' };
const ops = { name: 'ops', channel: 'slack', url: ref } as const;
const pager = { name: 'pager', channel: 'pagerduty', routingKey: ref } as const;
const notifying = (notify: ServiceDefinitionSource['notify'], more: ServiceSetup = {}): ServiceSetup => ({
  ...more,
  definition: { notify, ...more.definition },
});

const serviceOf = (workflowId: string) => workflowId.replace('backstep-', '');
const titles = (service: string, name = 'ops') =>
  harness
    .notifications(service)
    .filter(({ to }) => to.name === name)
    .map(({ notification }) => notification.title.replace(/^.*?: /, ''));

const refused = (): never => {
  throw applicationFailure(new Failure('ChannelRefused', 'Slack channel ops answered 404: no_service'));
};

describe('people are told', () => {
  test('of each gate, hold and the end, in order, with what settled it', async () => {
    const run = await harness.start(
      notifying([ops], { activities: failingAt('verify', [1], 'VerificationFailed') }),
    );
    await run.approve('downgrade');
    await run.decide('verify', 'retry');
    await run.result();
    const service = serviceOf(run.handle.workflowId);
    expect(titles(service)).toEqual([
      'Downgrade the database?',
      'gate downgrade passed, approved by ann',
      '“Verify the rollback” failed. What should happen?',
      'retry, decided by ann: Verify the rollback',
      'ended rolled-back',
    ]);
    const { timeline, notDelivered } = await run.report();
    expect(timeline.filter(({ what }) => what.startsWith('told ops'))).toHaveLength(5);
    expect(notDelivered).toEqual([]);
    // What the activity is given: a reference to the Secret, and where it lies (law 9).
    expect(harness.notifications(service)[0]).toMatchObject({ namespace: 'radar', to: { url: ref } });
  });

  test('each channel of what it wants to know, and of nothing else', async () => {
    const run = await harness.start(
      notifying([
        { ...ops, on: ['end'] },
        { ...pager, on: ['gate'] },
      ]),
    );
    await run.approve('downgrade');
    await run.result();
    const service = serviceOf(run.handle.workflowId);
    expect(titles(service)).toEqual(['ended rolled-back']);
    // PagerDuty keeps open what it was told: it hears of the end, too.
    expect(titles(service, 'pager')).toEqual([
      'Downgrade the database?',
      'gate downgrade passed, approved by ann',
      'ended rolled-back',
    ]);
  });

  test('by whoever the level of the escalation names', async () => {
    const run = await harness.start(
      notifying([ops, { ...pager, on: ['end'] }], {
        definition: { escalation: { attempts: 1, path: [{ who: 'DBA', notify: ['pager'] }, 'CTO'] } },
        activities: { 'back-up': failing('BackupFailed') },
      }),
    );
    await run.hold('back-up');
    await run.handle.executeUpdate('acknowledge', { args: [{ by: 'ann' }] });
    await run.decide('back-up', 'abort');
    await run.result();
    const service = serviceOf(run.handle.workflowId);
    expect(titles(service, 'pager')).toEqual(['escalated to DBA', 'ann is on it', 'ended put-back']);
    expect(titles(service)).not.toContain('escalated to DBA');
  });

  test('each time that somebody acknowledges: of a second escalation too', async () => {
    const run = await harness.start(
      notifying([{ ...ops, on: ['escalation'] }], {
        definition: { escalation: { attempts: 1, path: ['DBA', 'CTO'] } },
        activities: { verify: failing('VerificationFailed') },
      }),
    );
    const acknowledge = () => run.handle.executeUpdate('acknowledge', { args: [{ by: 'ann' }] });
    await run.approve('downgrade');
    await run.hold('verify');
    await acknowledge();
    await run.decide('verify', 'retry');
    await run.until('verify-2', ({ hold }) => hold?.hold === 'verify-2');
    await acknowledge();
    await run.decide('verify', 'abort');
    await run.result();
    expect(titles(serviceOf(run.handle.workflowId)).slice(0, 4)).toEqual([
      'escalated to DBA',
      'ann is on it',
      'escalated to CTO',
      'ann is on it',
    ]);
  });

  test('again when a channel was away for a moment: once as the journal has it', async () => {
    const run = await harness.start(
      notifying([ops], {
        notify: (_input, call) => {
          if (call === 1)
            throw applicationFailure(new Failure('NotDelivered', 'Slack answered 503', { retryAfter: 50 }));
          return undefined;
        },
      }),
    );
    await run.approve('downgrade');
    await run.result();
    const notifications = harness.notifications(serviceOf(run.handle.workflowId));
    expect(notifications[0]?.notification.key).toBe(notifications[1]?.notification.key);
    const { timeline, notDelivered } = await run.report();
    expect(timeline.filter(({ what }) => /^told ops: .*Downgrade the database/.test(what))).toHaveLength(1);
    expect(notDelivered).toEqual([]);
  });

  test('one message at a time and in order, however long one takes; other channels do not wait for it', async () => {
    const slow = new Latch();
    let open = 0;
    let most = 0;
    const run = await harness.start(
      notifying([ops, pager], {
        notify: async ({ to }) => {
          if (to.name !== 'ops') return;
          most = Math.max(most, (open += 1));
          await slow.opened;
          open -= 1;
        },
      }),
    );
    await run.approve('downgrade');
    const service = serviceOf(run.handle.workflowId);
    await vi.waitFor(() => expect(titles(service, 'pager')).toHaveLength(3), 10_000);
    expect(titles(service)).toEqual(['Downgrade the database?']);
    slow.open();
    await run.result();
    expect(titles(service)).toHaveLength(3);
    expect(most).toBe(1);
  });

  test('of an emergency restore too: what it would lose, and that it is in place', async () => {
    const run = await harness.start(notifying([ops]), undefined, 'emergencyRestore');
    await run.approve('restore', 'ann');
    await run.approve('restore', 'bob');
    await run.result();
    const service = serviceOf(run.handle.workflowId);
    expect(titles(service)).toEqual([
      'Put the restored database in place?',
      'gate restore passed, approved by ann, bob',
      'ended restored',
    ]);
  });

  test('law 8: another worker replays it the same, and tells nothing twice', async () => {
    const run = await harness.start(notifying([ops, pager], { notify: () => pause(20) }));
    await run.approve('downgrade');
    await run.result();
    const history = await run.handle.fetchHistory();
    const service = serviceOf(run.handle.workflowId);
    const before = harness.notifications(service).length;
    const workflowBundle = { codePath: inject('workflowBundle') };
    await Worker.runReplayHistory({ workflowBundle }, history, run.handle.workflowId);
    expect(harness.notifications(service)).toHaveLength(before);
  });
});

describe('a notification never holds a rollback up', () => {
  test('a channel that refuses everything changes nothing but the report, which says so', async () => {
    const run = await harness.start(notifying([ops], { notify: refused }));
    await run.approve('downgrade');
    expect(await run.result()).toMatchObject({ outcome: 'rolled-back' });
    const { notDelivered, toDo } = await run.report();
    expect(notDelivered.map(({ to, why }) => `${to}: ${why}`)).toEqual(
      Array.from({ length: 3 }, () => 'ops: Slack channel ops answered 404: no_service.'),
    );
    expect(toDo.join('\n')).toContain('ops');
    // What was written to storage names it too, the end included.
    const [reported] = run.calls('report');
    expect(reported?.journal.filter(({ kind }) => kind === 'not-notified')).toHaveLength(3);
  });

  test('addresses that a mail server refused are named, while the others were told', async () => {
    const run = await harness.start(
      notifying([{ ...ops, on: ['end'] }], { notify: () => ({ delivered: true, missed: ['gone@b.test'] }) }),
    );
    await run.approve('downgrade');
    await run.result();
    const { notDelivered, timeline } = await run.report();
    expect(notDelivered).toMatchObject([{ to: 'ops', why: 'refused: gone@b.test' }]);
    expect(timeline.some(({ what }) => what.startsWith('told ops'))).toBe(true);
  });

  test('a cancel request does not end it: what was put back is told', async () => {
    const run = await harness.start(notifying([ops], { notify: () => pause(100) }));
    await run.gate('downgrade');
    await run.handle.cancel();
    expect(await run.result()).toMatchObject({ outcome: 'put-back' });
    expect(titles(serviceOf(run.handle.workflowId)).at(-1)).toBe('ended put-back');
  });

  test('a definition without channels has no activity and no timer for it', async () => {
    const run = await harness.start();
    await run.approve('downgrade');
    await run.result();
    const { events } = await run.handle.fetchHistory();
    const types = events?.map(
      (event) => event.activityTaskScheduledEventAttributes?.activityType?.name ?? '',
    );
    expect(types).not.toContain('notify');
  });
});

describe('a channel that hangs', () => {
  const skipping = workflowHarness(timeSkippingServer);

  test('is waited for 30 s at the end, and no longer', async () => {
    const run = await skipping.start({
      searchAttributes: false,
      definition: { notify: [{ ...ops, on: ['end'] }] },
      plan: { people: 0 },
      activities: { 'guard-writes': () => ({ breaches: [] }) },
      // Tried again and again: time is skipped between attempts.
      notify: () => {
        throw applicationFailure(new Failure('NotDelivered', 'Slack channel ops could not be reached'));
      },
    });
    expect(await run.result()).toMatchObject({ outcome: 'rolled-back' });
    const { notDelivered, endedAt = '' } = await run.report();
    expect(notDelivered).toMatchObject([
      { to: 'ops', why: 'It was still being tried when the rollback ended.' },
    ]);
    const waited = Date.parse(notDelivered[0]?.at ?? '') - Date.parse(endedAt);
    expect(waited / 1_000).toBeGreaterThan(29);
    expect(waited / 1_000).toBeLessThan(32);
  });

  test('is given up after ten minutes, and then the next message is tried', async () => {
    const run = await skipping.start({
      searchAttributes: false,
      definition: { notify: [ops], approvals: { downgrade: { people: 1, within: '1h' } } },
      activities: { 'guard-writes': () => ({ breaches: [] }) },
      notify: ({ notification }) => {
        if (notification.title.includes('Downgrade the database?'))
          throw applicationFailure(new Failure('NotDelivered', 'Slack channel ops could not be reached'));
      },
    });
    expect(await run.result()).toMatchObject({ outcome: 'put-back' });
    const { notDelivered, timeline } = await run.report();
    expect(notDelivered).toHaveLength(1);
    const opened = timeline.find(({ what }) => what.startsWith('gate downgrade opened'))?.at ?? '';
    const minutes = (Date.parse(notDelivered[0]?.at ?? '') - Date.parse(opened)) / 60_000;
    expect(minutes).toBeGreaterThan(8);
    expect(minutes).toBeLessThan(11);
    expect(timeline.some(({ what }) => /^told ops: .*gate downgrade expired/.test(what))).toBe(true);
  });
});
