import { describe, expect, test } from 'vitest';
import { reportMarkdown } from '../../src/views/report/documents.ts';
import { recoveryPlan } from '../example-recovery.ts';
import { findings } from '../example-plan.ts';
import { failing, failingAt, workflowHarness, type ServiceSetup } from './harness.ts';

const harness = workflowHarness();
const restore = (setup: ServiceSetup = {}) => harness.start(setup, undefined, 'pointInTimeRestore');

describe.concurrent('the order of the runbook’s point-in-time recovery', () => {
  test('all is well: two people agree to the loss, then the new instance is used', async () => {
    const run = await restore();
    const gate = await run.gate('restore');
    expect(gate.people).toBe(2); // rows written since are lost
    expect(gate.shows.join('\n')).toContain('LOST: papers: 100 rows now, 90 then; 12 rows written since');
    expect(gate.shows.join('\n')).toContain('radar-bs-0a1b2c3d.example:5432 instead of radar.example:5432');
    expect(run.calls('switch-database')).toEqual([]);
    await run.approve('restore', 'ann');
    await run.approve('restore', 'bob');
    const result = await run.result();
    expect(result).toMatchObject({
      kind: 'point-in-time-restore',
      outcome: 'restored',
      from: '0005',
      to: '0004',
      counts: { afterStop: { papers: 100 }, atEnd: { papers: 90 } },
    });
    expect(result.attention.join()).toContain('The old rds instance radar is kept');
    expect(result.attention.join()).toContain('Secret ');
    const { steps } = await run.progress();
    expect(steps.map(({ step, part, state }) => [step, part, state].join(' ').trim())).toEqual([
      'assess  done',
      'stop-writes  done',
      'guard-writes  done',
      'restore-instance  done',
      'compare-instance  done',
      'switch-database  done',
      'roll-back-app  done',
      'start-app  done',
      'resume-cron-jobs hourly done',
      'resume-cron-jobs daily done',
      'report  done',
    ]);
    expect(run.calls('switch-database')[0]).toMatchObject({ approved: gate.hash });
    const text = reportMarkdown(await run.report());
    expect(text).toContain('# Point-in-time restore of');
    expect(text).toContain('as it was at 2025-11-18 02:40:00 UTC (as requested)');
    expect(text).toContain('| `scores` | lost | 7 | – | – | there was no such table then |');
    expect(run.calls('put-back')).toEqual([]);
  });

  test('where nothing was written since, one person is enough', async () => {
    const compared = { ...findings['compare-instance'], tables: [], loses: false };
    const run = await restore({ activities: { 'compare-instance': () => compared } });
    expect((await run.gate('restore')).people).toBe(1);
    await run.reject('restore');
    await run.result();
  });

  test('a moment that is only proposed needs a person before anything is stopped', async () => {
    const { recovery } = recoveryPlan();
    const run = await restore({
      pointInTimePlan: { recovery: { ...recovery, how: 'proposed', evidence: 'a guess' } },
    });
    const gate = await run.gate('start');
    expect(gate.shows[0]).toContain('CONFIRM THE TIME: 2025-11-18 02:40:00 UTC is a guess');
    expect(run.calls('stop-writes')).toEqual([]);
    await run.reject('start');
    expect(await run.result()).toMatchObject({ outcome: 'rejected' });
    expect(run.calls('restore-instance')).toEqual([]);
  });

  test('a database with subscriptions needs a person before the new instance could use their slots', async () => {
    const { recovery: moment } = recoveryPlan();
    const run = await restore({ pointInTimePlan: { recovery: { ...moment, subscriptions: ['feed'] } } });
    const gate = await run.gate('start');
    expect(gate.shows[0]).toContain('CONFIRM SUBSCRIPTION feed');
    expect(run.calls('stop-writes')).toEqual([]);
    await run.reject('start');
    expect(run.calls('restore-instance')).toEqual([]);
  });

  test('a time without zone, a past without meaning: refused before anything, every fault named', async () => {
    const service = harness.addService();
    const request = { service, to: '2025-11-18T02:40:00', target: 'no such', more: 1 };
    const run = await harness.startRequest(request, `backstep-${service}`, {}, 'pointInTimeRestore');
    const { type, message } = await run.failure();
    expect(type).toBe('InvalidRequest');
    expect(message).toContain('to: must be a time with its zone');
    expect(message).toContain('target: must be');
    expect(message).toContain('more');
    expect(run.calls('assess')).toEqual([]);
  });

  test('started under another ID it goes on under the service’s own', async () => {
    const service = harness.addService();
    const other = await harness.startRequest({ service }, `at-night-${service}`, {}, 'pointInTimeRestore');
    expect(await other.result()).toEqual({ continuesAs: `backstep-${service}` });
    const handle = harness.environment.client.workflow.getHandle(`backstep-${service}`);
    const run = harness.follow(handle, service);
    await run.reject('restore');
    expect(await run.result()).toMatchObject({ outcome: 'put-back' });
  });
});

describe.concurrent('a point-in-time restore can be undone until the application has started', () => {
  test('law 1: rejected at the gate: everything is put back, nothing was switched', async () => {
    const run = await restore();
    await run.reject('restore');
    const result = await run.result();
    expect(result).toMatchObject({ outcome: 'put-back', from: '0005', to: '0005' });
    expect(result.attention.join()).toContain('may have been made and is not used: remove it');
    expect(run.calls('put-back')).toHaveLength(1);
    expect(run.calls('switch-back')).toEqual([]);
    expect(run.calls('switch-database')).toEqual([]);
  });

  test('a provider that cannot restore holds; retry is a new try, abort puts back', async () => {
    const run = await restore({ activities: failingAt('restore-instance', [1, 2], 'NotRestorable') });
    await run.decide('restore-instance', 'retry');
    await run.decide('restore-instance', 'abort');
    expect(await run.result()).toMatchObject({ outcome: 'put-back' });
    expect(run.calls('restore-instance').map((input) => input.try)).toEqual([1, 2]);
  });

  test('a switch that fails half-way is switched back, then everything is put back', async () => {
    const order: string[] = [];
    const run = await restore({
      activities: {
        'switch-database': failing('SecretChanged'),
        'switch-back': () => {
          order.push('switch-back');
          return { secrets: ['radar-database/DATABASE_URL'] };
        },
        'put-back': () => {
          order.push('put-back');
          return findings['put-back'];
        },
      },
    });
    await run.approve('restore', 'ann');
    await run.approve('restore', 'bob');
    expect(await run.result()).toMatchObject({ outcome: 'put-back', to: '0005' });
    expect(order).toEqual(['switch-back', 'put-back']);
  });

  test('an application that does not start: restore goes back to the old instance', async () => {
    const run = await restore({ activities: failingAt('start-app', [1], 'Unhealthy') });
    await run.approve('restore', 'ann');
    await run.approve('restore', 'bob');
    expect((await run.hold('start-app')).decisions).toContain('restore');
    await run.decide('start-app', 'restore');
    expect(await run.result()).toMatchObject({ outcome: 'put-back', to: '0005' });
    expect(run.calls('stop-writes').map(({ again }) => again)).toEqual([false, true]);
    expect(run.calls('put-back')).toHaveLength(1);
  });

  test('law 7: once the new instance was written to, going back holds; abort leaves both as they are', async () => {
    const run = await restore({
      activities: {
        ...failingAt('start-app', [1], 'Unhealthy'),
        'switch-back': failing('NewInstanceWritten'),
      },
    });
    await run.approve('restore', 'ann');
    await run.approve('restore', 'bob');
    await run.decide('start-app', 'restore');
    const hold = await run.hold('switch-back');
    expect(hold.fault.type).toBe('NewInstanceWritten');
    expect(hold.byHand.join('\n')).toContain('kubectl patch secret radar-database -n radar');
    await run.decide('switch-back', 'abort');
    const result = await run.result();
    expect(result).toMatchObject({ outcome: 'aborted', to: '0004' });
    expect(run.calls('put-back')).toEqual([]);
    expect(run.calls('report')[0]).toMatchObject({ keepRecord: true });
  });
});
