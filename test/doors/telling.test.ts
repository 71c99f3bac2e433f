import { setTimeout as pause } from 'node:timers/promises';
import { Worker } from '@temporalio/worker';
import { describe, expect, inject, test, vi } from 'vitest';
import { applicationFailure } from '../../src/activities/boundary.ts';
import { Failure } from '../../src/domain/failures.ts';
import type { ServiceDefinitionSource } from '../../src/domain/definition/service.ts';
import { timeSkippingServer } from '../temporal.ts';
import { Latch, failing, failingAt, theatre } from '../workflow/theatre.ts';
import type { Casting } from '../workflow/theatre.ts';

const stage = theatre();

const ref = { secret: 'channels', key: 'k' };
const ops = { name: 'ops', channel: 'slack', url: ref } as const;
const pager = { name: 'pager', channel: 'pagerduty', routingKey: ref } as const;
const telling = (notify: ServiceDefinitionSource['notify'], more: Casting = {}): Casting => ({
  ...more,
  definition: { notify, ...more.definition },
});

const serviceOf = (workflowId: string) => workflowId.replace('backstep-', '');
const titles = (service: string, name = 'ops') =>
  stage
    .tidings(service)
    .filter(({ to }) => to.name === name)
    .map(({ tiding }) => tiding.title.replace(/^.*?: /, ''));

const refused = (): never => {
  throw applicationFailure(new Failure('ChannelRefused', 'Slack channel ops answered 404: no_service'));
};

describe('people are told', () => {
  test('of each gate, hold and the end, in order, with what settled it', async () => {
    const play = await stage.play(telling([ops], { script: failingAt('verify', [1], 'VerificationFailed') }));
    await play.approve('downgrade');
    await play.decide('verify', 'retry');
    await play.result();
    const service = serviceOf(play.handle.workflowId);
    expect(titles(service)).toEqual([
      'gate downgrade waits for a person',
      'gate downgrade passed, approved by ann',
      'hold: "Verify the rollback" needs a decision',
      'hold verify-1: retry by ann',
      'ended rolled-back',
    ]);
    const { timeline, notTold } = await play.report();
    expect(timeline.filter(({ what }) => what.startsWith('told ops'))).toHaveLength(5);
    expect(notTold).toEqual([]);
    // What the activity is given: a reference to the Secret, and where it lies (law 9).
    expect(stage.tidings(service)[0]).toMatchObject({ namespace: 'radar', to: { url: ref } });
  });

  test('each channel of what it wants to know, and of nothing else', async () => {
    const play = await stage.play(
      telling([
        { ...ops, on: ['end'] },
        { ...pager, on: ['gate'] },
      ]),
    );
    await play.approve('downgrade');
    await play.result();
    const service = serviceOf(play.handle.workflowId);
    expect(titles(service)).toEqual(['ended rolled-back']);
    expect(titles(service, 'pager')).toEqual([
      'gate downgrade waits for a person',
      'gate downgrade passed, approved by ann',
    ]);
  });

  test('by whoever the rung of the escalation names', async () => {
    const play = await stage.play(
      telling([ops, { ...pager, on: ['end'] }], {
        definition: { escalation: { attempts: 1, path: [{ who: 'DBA', tell: ['pager'] }, 'CTO'] } },
        script: { 'back-up': failing('BackupFailed') },
      }),
    );
    await play.hold('back-up');
    await play.handle.executeUpdate('acknowledge', { args: [{ by: 'ann' }] });
    await play.decide('back-up', 'abort');
    await play.result();
    const service = serviceOf(play.handle.workflowId);
    expect(titles(service, 'pager')).toEqual(['escalated to DBA', 'ann is on it', 'ended put-back']);
    expect(titles(service)).not.toContain('escalated to DBA');
  });

  test('each time that somebody acknowledges: of a second escalation too', async () => {
    const play = await stage.play(
      telling([{ ...ops, on: ['escalation'] }], {
        definition: { escalation: { attempts: 1, path: ['DBA', 'CTO'] } },
        script: { verify: failing('VerificationFailed') },
      }),
    );
    const acknowledge = () => play.handle.executeUpdate('acknowledge', { args: [{ by: 'ann' }] });
    await play.approve('downgrade');
    await play.hold('verify');
    await acknowledge();
    await play.decide('verify', 'retry');
    await play.until('verify-2', ({ hold }) => hold?.hold === 'verify-2');
    await acknowledge();
    await play.decide('verify', 'abort');
    await play.result();
    expect(titles(serviceOf(play.handle.workflowId)).slice(0, 4)).toEqual([
      'escalated to DBA',
      'ann is on it',
      'escalated to CTO',
      'ann is on it',
    ]);
  });

  test('again when a channel was away for a moment: once as the journal has it', async () => {
    const play = await stage.play(
      telling([ops], {
        tell: (_input, call) => {
          if (call === 1)
            throw applicationFailure(new Failure('NotTold', 'Slack answered 503', { retryAfter: 50 }));
          return undefined;
        },
      }),
    );
    await play.approve('downgrade');
    await play.result();
    const tidings = stage.tidings(serviceOf(play.handle.workflowId));
    expect(tidings[0]?.tiding.key).toBe(tidings[1]?.tiding.key);
    const { timeline, notTold } = await play.report();
    expect(timeline.filter(({ what }) => /^told ops: .*gate downgrade waits/.test(what))).toHaveLength(1);
    expect(notTold).toEqual([]);
  });

  test('one message at a time and in order, however long one takes; other channels do not wait for it', async () => {
    const slow = new Latch();
    let open = 0;
    let most = 0;
    const play = await stage.play(
      telling([ops, pager], {
        tell: async ({ to }) => {
          if (to.name !== 'ops') return;
          most = Math.max(most, (open += 1));
          await slow.opened;
          open -= 1;
        },
      }),
    );
    await play.approve('downgrade');
    const service = serviceOf(play.handle.workflowId);
    await vi.waitFor(() => expect(titles(service, 'pager')).toHaveLength(3), 10_000);
    expect(titles(service)).toEqual(['gate downgrade waits for a person']);
    slow.open();
    await play.result();
    expect(titles(service)).toHaveLength(3);
    expect(most).toBe(1);
  });

  test('of an emergency restore too: what it would lose, and that it is in place', async () => {
    const play = await stage.play(telling([ops]), undefined, 'emergencyRestore');
    await play.approve('restore', 'ann');
    await play.approve('restore', 'bob');
    await play.result();
    const service = serviceOf(play.handle.workflowId);
    expect(titles(service)).toEqual([
      'gate restore waits for 2 different people',
      'gate restore passed, approved by ann, bob',
      'ended restored',
    ]);
  });

  test('law 8: another worker replays it the same, and tells nothing twice', async () => {
    const play = await stage.play(telling([ops, pager], { tell: () => pause(20) }));
    await play.approve('downgrade');
    await play.result();
    const history = await play.handle.fetchHistory();
    const service = serviceOf(play.handle.workflowId);
    const before = stage.tidings(service).length;
    const workflowBundle = { codePath: inject('workflowBundle') };
    await Worker.runReplayHistory({ workflowBundle }, history, play.handle.workflowId);
    expect(stage.tidings(service)).toHaveLength(before);
  });
});

describe('telling never stands in the way', () => {
  test('a channel that refuses everything changes nothing but the report, which says so', async () => {
    const play = await stage.play(telling([ops], { tell: refused }));
    await play.approve('downgrade');
    expect(await play.result()).toMatchObject({ outcome: 'rolled-back' });
    const { notTold, toDo } = await play.report();
    expect(notTold.map(({ to, why }) => `${to}: ${why}`)).toEqual(
      Array.from({ length: 3 }, () => 'ops: Slack channel ops answered 404: no_service.'),
    );
    expect(toDo.join('\n')).toContain('ops');
    // What was written to storage names it too, the end included.
    const [reported] = play.calls('report');
    expect(reported?.journal.filter(({ kind }) => kind === 'not-told')).toHaveLength(3);
  });

  test('addresses that a mail server refused are named, while the others were told', async () => {
    const play = await stage.play(
      telling([{ ...ops, on: ['end'] }], { tell: () => ({ told: true, missed: ['gone@b.test'] }) }),
    );
    await play.approve('downgrade');
    await play.result();
    const { notTold, timeline } = await play.report();
    expect(notTold).toMatchObject([{ to: 'ops', why: 'refused: gone@b.test' }]);
    expect(timeline.some(({ what }) => what.startsWith('told ops'))).toBe(true);
  });

  test('a cancel request does not end it: what was put back is told', async () => {
    const play = await stage.play(telling([ops], { tell: () => pause(100) }));
    await play.gate('downgrade');
    await play.handle.cancel();
    expect(await play.result()).toMatchObject({ outcome: 'put-back' });
    expect(titles(serviceOf(play.handle.workflowId)).at(-1)).toBe('ended put-back');
  });

  test('a definition without channels has no activity and no timer for it', async () => {
    const play = await stage.play();
    await play.approve('downgrade');
    await play.result();
    const { events } = await play.handle.fetchHistory();
    const types = events?.map(
      (event) => event.activityTaskScheduledEventAttributes?.activityType?.name ?? '',
    );
    expect(types).not.toContain('tell');
  });
});

describe('a channel that hangs', () => {
  const skipping = theatre(timeSkippingServer);

  test('is waited for 30 s at the end, and no longer', async () => {
    const play = await skipping.play({
      searchAttributes: false,
      definition: { notify: [{ ...ops, on: ['end'] }] },
      plan: { people: 0 },
      script: { 'keep-writes-stopped': () => ({ breaches: [] }) },
      // Tried again and again: time is skipped between attempts.
      tell: () => {
        throw applicationFailure(new Failure('NotTold', 'Slack channel ops could not be reached'));
      },
    });
    expect(await play.result()).toMatchObject({ outcome: 'rolled-back' });
    const { notTold, endedAt = '' } = await play.report();
    expect(notTold).toMatchObject([{ to: 'ops', why: 'It was still being tried when the rollback ended.' }]);
    const waited = Date.parse(notTold[0]?.at ?? '') - Date.parse(endedAt);
    expect(waited / 1_000).toBeGreaterThan(29);
    expect(waited / 1_000).toBeLessThan(32);
  });

  test('is given up after ten minutes, and then the next message is tried', async () => {
    const play = await skipping.play({
      searchAttributes: false,
      definition: { notify: [ops], approvals: { downgrade: { people: 1, within: '1h' } } },
      script: { 'keep-writes-stopped': () => ({ breaches: [] }) },
      tell: ({ tiding }) => {
        if (tiding.title.includes('waits for'))
          throw applicationFailure(new Failure('NotTold', 'Slack channel ops could not be reached'));
      },
    });
    expect(await play.result()).toMatchObject({ outcome: 'put-back' });
    const { notTold, timeline } = await play.report();
    expect(notTold).toHaveLength(1);
    const opened = timeline.find(({ what }) => what.startsWith('gate downgrade opened'))?.at ?? '';
    const minutes = (Date.parse(notTold[0]?.at ?? '') - Date.parse(opened)) / 60_000;
    expect(minutes).toBeGreaterThan(8);
    expect(minutes).toBeLessThan(11);
    expect(timeline.some(({ what }) => /^told ops: .*gate downgrade expired/.test(what))).toBe(true);
  });
});
