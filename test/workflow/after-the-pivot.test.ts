import { describe, expect, test } from 'vitest';
import { findings } from '../example-plan.ts';
import { failing, failingAt, workflowHarness } from './harness.ts';

const harness = workflowHarness();

describe.concurrent('after the downgrade nothing unwinds by itself', () => {
  test('law 2: a downgrade that fails holds without a deadline; retry is a second try with the same approval', async () => {
    const run = await harness.start({ activities: failingAt('downgrade', [1], 'DowngradeFailed') });
    await run.approve('downgrade');
    const hold = await run.hold('downgrade');
    expect(hold.deadline).toBeUndefined();
    expect(hold.decisions).toEqual(['retry', 'restore', 'abort']);
    await run.decide('downgrade', 'retry');
    expect(await run.result()).toMatchObject({ outcome: 'rolled-back' });
    const [first, second] = run.calls('downgrade');
    expect(second).toEqual({ ...first, try: 2 });
  });

  test('law 7: verify fails, restore is decided and approved: everything is put back, outcome restored', async () => {
    const run = await harness.start({
      activities: { verify: failing('VerificationFailed', 'papers: 90 rows, not 100') },
    });
    await run.approve('downgrade');
    await run.decide('verify', 'restore', 'bob');
    const { shows } = await run.gate('restore');
    expect(shows.join('\n')).toContain('radar__failed_0a1b2c3d');
    expect(run.calls('put-back')).toEqual([]);
    await run.approve('restore');
    const result = await run.result();
    expect(result).toMatchObject({
      outcome: 'restored',
      from: '0005',
      to: '0005',
      counts: { atEnd: { scores: 7 } },
    });
    expect(result.reason).toContain("bob decided 'restore'");
    expect(run.calls('stop-writes')).toHaveLength(1);
    expect(run.calls('restore')[0]).toMatchObject({ backup: { proof: 'read' } });
    expect(run.calls('put-back')).toHaveLength(1);
    expect(run.calls('report')[0]).toMatchObject({ outcome: 'restored', keepRecord: false });
  });

  test('law 7: a restore after writes had resumed shows what was written since, and where it is kept', async () => {
    const run = await harness.start({ activities: { 'start-app': failing('Unhealthy') } });
    await run.approve('downgrade');
    await run.decide('start-app', 'restore');
    const { people, shows } = await run.gate('restore');
    expect(run.calls('data-diff')).toMatchObject([
      { now: 'radar__failed_0a1b2c3d', restored: { database: 'radar__backstep_0a1b2c3d' } },
    ]);
    expect(shows.join('\n')).toContain('and only in radar__failed_0a1b2c3d');
    expect(people).toBe(2);
    await run.approve('restore', 'ann');
    await run.approve('restore', 'bob');
    expect(await run.result()).toMatchObject({ outcome: 'restored' });
    const { newer } = await run.report();
    expect(newer?.loses).toBe(true);
  });

  test('law 7: so does one of an operation that was taken up after its writes had resumed', async () => {
    const run = await harness.start({
      plan: { takesUp: { operation: 'bs-99999999', pivotPassed: true } },
      activities: {
        'stop-writes': () => ({ ...findings['stop-writes'], resumedAt: '2025-11-18T03:20:00.000Z' }),
        verify: failing('VerificationFailed'),
      },
    });
    await run.approve('start');
    await run.approve('downgrade');
    await run.decide('verify', 'restore');
    const { shows } = await run.gate('restore');
    expect(run.calls('data-diff')).toMatchObject([{ now: 'radar__failed_0a1b2c3d' }]);
    expect(shows.join('\n')).toContain('and only in radar__failed_0a1b2c3d');
    await run.reject('restore');
    await run.result();
  });

  test('gate restore rejected: aborted, for writes stay stopped, and the record is kept', async () => {
    const run = await harness.start({ activities: { verify: failing('VerificationFailed') } });
    await run.approve('downgrade');
    await run.decide('verify', 'restore');
    await run.reject('restore');
    const result = await run.result();
    expect(result).toMatchObject({
      outcome: 'aborted',
      reason: expect.stringMatching(/restored, at 0005.*rejected by ann.*Writes stay stopped/) as string,
    });
    expect(run.calls('put-back')).toEqual([]);
    expect(run.calls('report')[0]).toMatchObject({ keepRecord: true });
    const report = await run.report();
    expect(report.attention[0]).toContain('Writes are stopped');
    expect(report.byHand).not.toEqual([]);
  });

  test('gate restore expired: aborted, for writes stay stopped', async () => {
    const run = await harness.start({
      activities: { verify: failing('VerificationFailed') },
      definition: { approvals: { restore: { people: 1, within: '300ms' } } },
    });
    await run.approve('downgrade');
    await run.decide('verify', 'restore');
    expect(await run.result()).toMatchObject({
      outcome: 'aborted',
      reason: expect.stringContaining('expired') as string,
    });
    expect(run.calls('put-back')).toEqual([]);
  });

  test('putting back after a restore fails: it holds, and ends aborted where a person gives it up', async () => {
    const run = await harness.start({
      activities: {
        verify: failing('VerificationFailed'),
        'put-back': failing('PutBackFailed', 'no such image'),
      },
    });
    await run.approve('downgrade');
    await run.decide('verify', 'restore');
    await run.approve('restore');
    await run.decide('put-back', 'abort');
    expect(await run.result()).toMatchObject({
      outcome: 'aborted',
      reason: expect.stringContaining('no such image') as string,
    });
    expect(run.calls('put-back')[0]).toMatchObject({ stopped: true, pivotPassed: true });
    expect(run.calls('report')[0]).toMatchObject({ keepRecord: true });
  });

  test('a restore that fails holds itself, escalates at once, and can be tried again', async () => {
    const run = await harness.start({
      activities: { verify: failing('VerificationFailed'), ...failingAt('restore', [1], 'RestoreFailed') },
    });
    await run.approve('downgrade');
    await run.decide('verify', 'restore');
    expect((await run.hold('restore')).decisions).toEqual(['retry', 'abort']);
    expect((await run.progress()).escalated).toMatchObject([{ to: 'Database administrator' }]);
    await run.decide('restore', 'retry');
    await run.approve('restore');
    expect(await run.result()).toMatchObject({ outcome: 'restored' });
  });

  test('abort ends with writes stopped, a hand-over and the record kept', async () => {
    const run = await harness.start({ activities: { downgrade: failing('DowngradeUnclear', 'at 0004a') } });
    await run.approve('downgrade');
    await run.decide('downgrade', 'abort');
    const result = await run.result();
    expect(result).toMatchObject({
      outcome: 'aborted',
      reason: expect.stringContaining('Writes stay stopped') as string,
    });
    expect(result.notVerified).toContain('The database after the downgrade was not verified.');
    expect(run.calls('put-back')).toEqual([]);
    expect(run.calls('report')[0]).toMatchObject({ outcome: 'aborted', keepRecord: true });
    expect((await run.report()).revision?.after).toBeUndefined();
  });

  test('law 3: health fails: writes are stopped again before anybody is asked, and retry starts again', async () => {
    const run = await harness.start({ activities: failingAt('start-app', [1], 'Unhealthy') });
    await run.approve('downgrade');
    await run.hold('start-app');
    expect(run.calls('stop-writes').map(({ again }) => again)).toEqual([false, true]);
    const { steps } = await run.progress();
    expect(steps.filter(({ step }) => step === 'guard-writes').map(({ state }) => state)).toEqual([
      'done',
      'running',
    ]);
    await run.decide('start-app', 'retry');
    const result = await run.result();
    expect(result).toMatchObject({ outcome: 'rolled-back', counts: { afterStop: { papers: 100 } } });
    expect(run.calls('start-app').map((input) => input.try)).toEqual([1, 2]);
    expect(run.calls('stop-writes')).toHaveLength(2);
  });

  test('stopping writes again that fails holds, too, and can be tried again', async () => {
    const run = await harness.start({
      activities: {
        ...failingAt('start-app', [1], 'NotReady'),
        ...failingAt('stop-writes', [2], 'WritesNotStopped'),
      },
    });
    await run.approve('downgrade');
    expect((await run.hold('stop-writes')).hold).toBe('stop-writes-2');
    await run.decide('stop-writes', 'retry');
    await run.decide('start-app', 'retry');
    expect(await run.result()).toMatchObject({ outcome: 'rolled-back' });
  });

  test('a CronJob that fails holds by its own name; skip leaves it suspended and the report names it', async () => {
    const run = await harness.start({
      activities: {
        'resume-cron-jobs': ({ cronJob }) => {
          if (cronJob === 'daily') failing('CronJobFailed', 'daily ended with status 1')();
          return { name: cronJob, job: `${cronJob}-1`, staysSuspended: false, seconds: 1 };
        },
      },
    });
    await run.approve('downgrade');
    expect((await run.hold('resume-cron-jobs')).hold).toBe('resume-cron-jobs-1-daily');
    await run.decide('resume-cron-jobs', 'retry');
    await run.until('try 2', ({ hold }) => hold?.hold === 'resume-cron-jobs-2-daily');
    await run.decide('resume-cron-jobs', 'skip');
    const { outcome, attention } = await run.result();
    const { toDo } = await run.report();
    expect(outcome).toBe('rolled-back');
    expect(attention.join('\n')).toContain('CronJob daily was skipped and stays suspended');
    expect(toDo.join('\n')).toContain('daily');
    expect(run.calls('stop-writes')).toHaveLength(1);
  });

  test('law 3: restore decided after writes had resumed stops them again first', async () => {
    const run = await harness.start({ activities: { 'resume-cron-jobs': failing('CronJobFailed') } });
    await run.approve('downgrade');
    expect((await run.hold('resume-cron-jobs')).byHand).toEqual([]);
    await run.decide('resume-cron-jobs', 'restore');
    await run.gate('restore');
    expect(run.calls('stop-writes').map(({ again }) => again)).toEqual([false, true]);
    await run.approve('restore', 'ann');
    await run.approve('restore', 'bob');
    expect(await run.result()).toMatchObject({ outcome: 'restored' });
  });

  test('abort after writes had resumed says that the application runs', async () => {
    const run = await harness.start({ activities: { 'resume-cron-jobs': failing('CronJobFailed') } });
    await run.approve('downgrade');
    await run.decide('resume-cron-jobs', 'abort');
    expect(await run.result()).toMatchObject({
      outcome: 'aborted',
      reason: expect.stringContaining('The application runs') as string,
    });
  });

  test('two failures of a step escalate to the first of the path; an acknowledgement is heard', async () => {
    const run = await harness.start({ activities: failingAt('verify', [1, 2], 'VerificationFailed') });
    await run.approve('downgrade');
    await run.decide('verify', 'retry');
    await run.until('verify-2', ({ hold }) => hold?.hold === 'verify-2');
    expect((await run.progress()).escalated).toMatchObject([{ to: 'Database administrator' }]);
    await run.handle.executeUpdate('acknowledge', { args: [{ by: 'dba' }] });
    await run.decide('verify', 'retry');
    expect(await run.result()).toMatchObject({ outcome: 'rolled-back' });
  });

  test('writes stopped for longer than downFor escalate while a gate waits', async () => {
    const run = await harness.start({
      definition: { escalation: { path: ['DBA', 'CTO'], downFor: '300ms' } },
    });
    await run.until('an escalation', ({ escalated }) => escalated.length > 0 && escalated);
    await run.approve('downgrade');
    await run.result();
  });
});
