import { describe, expect, test } from 'vitest';
import { findings } from '../example-plan.ts';
import { failing, failingAt, theatre } from './theatre.ts';

const stage = theatre();

describe.concurrent('after the downgrade nothing unwinds by itself', () => {
  test('law 2: a downgrade that fails holds without a deadline; retry is a second try with the same approval', async () => {
    const play = await stage.play({ script: failingAt('downgrade', [1], 'DowngradeFailed') });
    await play.approve('downgrade');
    const hold = await play.hold('downgrade');
    expect(hold.deadline).toBeUndefined();
    expect(hold.decisions).toEqual(['retry', 'restore', 'abort']);
    await play.decide('downgrade', 'retry');
    expect(await play.result()).toMatchObject({ outcome: 'rolled-back' });
    const [first, second] = play.calls('downgrade');
    expect(second).toEqual({ ...first, try: 2 });
  });

  test('law 7: verify fails, restore is decided and approved: everything is put back, outcome restored', async () => {
    const play = await stage.play({
      script: { verify: failing('VerificationFailed', 'papers: 90 rows, not 100') },
    });
    await play.approve('downgrade');
    await play.decide('verify', 'restore', 'bob');
    const { shows } = await play.gate('restore');
    expect(shows.join('\n')).toContain('radar__failed_0a1b2c3d');
    expect(play.calls('put-back')).toEqual([]);
    await play.approve('restore');
    const result = await play.result();
    expect(result).toMatchObject({
      outcome: 'restored',
      from: '0005',
      to: '0005',
      counts: { atEnd: { scores: 7 } },
    });
    expect(result.reason).toContain("bob decided 'restore'");
    expect(play.calls('stop-writes')).toHaveLength(1);
    expect(play.calls('restore')[0]).toMatchObject({ backup: { proof: 'read' } });
    expect(play.calls('put-back')).toHaveLength(1);
    expect(play.calls('report')[0]).toMatchObject({ outcome: 'restored', keepRecord: false });
  });

  test('law 7: a restore after writes had resumed shows what was written since, and where it is kept', async () => {
    const play = await stage.play({ script: { 'start-app': failing('Unhealthy') } });
    await play.approve('downgrade');
    await play.decide('start-app', 'restore');
    const { people, shows } = await play.gate('restore');
    expect(play.calls('census')).toMatchObject([
      { now: 'radar__failed_0a1b2c3d', restored: { database: 'radar__backstep_0a1b2c3d' } },
    ]);
    expect(shows.join('\n')).toContain('and only in radar__failed_0a1b2c3d');
    expect(people).toBe(2);
    await play.approve('restore', 'ann');
    await play.approve('restore', 'bob');
    expect(await play.result()).toMatchObject({ outcome: 'restored' });
    const { newer } = await play.report();
    expect(newer?.loses).toBe(true);
  });

  test('law 7: so does one of an operation that was taken up after its writes had resumed', async () => {
    const play = await stage.play({
      plan: { takesUp: { operation: 'bs-99999999', pivotPassed: true } },
      script: {
        'stop-writes': () => ({ ...findings['stop-writes'], resumedAt: '2025-11-18T03:20:00.000Z' }),
        verify: failing('VerificationFailed'),
      },
    });
    await play.approve('start');
    await play.approve('downgrade');
    await play.decide('verify', 'restore');
    const { shows } = await play.gate('restore');
    expect(play.calls('census')).toMatchObject([{ now: 'radar__failed_0a1b2c3d' }]);
    expect(shows.join('\n')).toContain('and only in radar__failed_0a1b2c3d');
    await play.reject('restore');
    await play.result();
  });

  test('gate restore rejected: restored, writes stay stopped, and the record is kept', async () => {
    const play = await stage.play({ script: { verify: failing('VerificationFailed') } });
    await play.approve('downgrade');
    await play.decide('verify', 'restore');
    await play.reject('restore');
    const result = await play.result();
    expect(result).toMatchObject({
      outcome: 'restored',
      reason: expect.stringContaining('Writes stay stopped') as string,
    });
    expect(play.calls('put-back')).toEqual([]);
    expect(play.calls('report')[0]).toMatchObject({ keepRecord: true });
    const report = await play.report();
    expect(report.attention[0]).toContain('Writes are stopped');
    expect(report.byHand).not.toEqual([]);
  });

  test('gate restore expired: restored, and writes stay stopped', async () => {
    const play = await stage.play({
      script: { verify: failing('VerificationFailed') },
      definition: { approvals: { restore: { people: 1, within: '300ms' } } },
    });
    await play.approve('downgrade');
    await play.decide('verify', 'restore');
    expect(await play.result()).toMatchObject({
      outcome: 'restored',
      reason: expect.stringContaining('expired') as string,
    });
    expect(play.calls('put-back')).toEqual([]);
  });

  test('putting back after a restore fails: PutBackFailed, after the report', async () => {
    const play = await stage.play({
      script: {
        verify: failing('VerificationFailed'),
        'put-back': failing('PutBackFailed', 'no such image'),
      },
    });
    await play.approve('downgrade');
    await play.decide('verify', 'restore');
    await play.approve('restore');
    expect(await play.failure()).toMatchObject({
      type: 'PutBackFailed',
      message: expect.stringContaining('no such image') as string,
    });
    expect(play.calls('report')[0]).toMatchObject({ keepRecord: true });
  });

  test('a restore that fails holds itself, escalates at once, and can be tried again', async () => {
    const play = await stage.play({
      script: { verify: failing('VerificationFailed'), ...failingAt('restore', [1], 'RestoreFailed') },
    });
    await play.approve('downgrade');
    await play.decide('verify', 'restore');
    expect((await play.hold('restore')).decisions).toEqual(['retry', 'abort']);
    expect((await play.progress()).escalated).toMatchObject([{ to: 'Database administrator' }]);
    await play.decide('restore', 'retry');
    await play.approve('restore');
    expect(await play.result()).toMatchObject({ outcome: 'restored' });
  });

  test('abort ends with writes stopped, a hand-over and the record kept', async () => {
    const play = await stage.play({ script: { downgrade: failing('DowngradeUnclear', 'at 0004a') } });
    await play.approve('downgrade');
    await play.decide('downgrade', 'abort');
    const result = await play.result();
    expect(result).toMatchObject({
      outcome: 'aborted',
      reason: expect.stringContaining('Writes stay stopped') as string,
    });
    expect(result.notVerified).toContain('The database after the downgrade was not verified.');
    expect(play.calls('put-back')).toEqual([]);
    expect(play.calls('report')[0]).toMatchObject({ outcome: 'aborted', keepRecord: true });
    expect((await play.report()).revision?.after).toBeUndefined();
  });

  test('law 3: health fails: writes are stopped again before anybody is asked, and retry starts again', async () => {
    const play = await stage.play({ script: failingAt('start-app', [1], 'Unhealthy') });
    await play.approve('downgrade');
    await play.hold('start-app');
    expect(play.calls('stop-writes').map(({ again }) => again)).toEqual([false, true]);
    const { steps } = await play.progress();
    expect(steps.filter(({ step }) => step === 'keep-writes-stopped').map(({ state }) => state)).toEqual([
      'done',
      'running',
    ]);
    await play.decide('start-app', 'retry');
    const result = await play.result();
    expect(result).toMatchObject({ outcome: 'rolled-back', counts: { afterStop: { papers: 100 } } });
    expect(play.calls('start-app').map((input) => input.try)).toEqual([1, 2]);
    expect(play.calls('stop-writes')).toHaveLength(2);
  });

  test('stopping writes again that fails holds, too, and can be tried again', async () => {
    const play = await stage.play({
      script: {
        ...failingAt('start-app', [1], 'NotReady'),
        ...failingAt('stop-writes', [2], 'WritesNotStopped'),
      },
    });
    await play.approve('downgrade');
    expect((await play.hold('stop-writes')).hold).toBe('stop-writes-2');
    await play.decide('stop-writes', 'retry');
    await play.decide('start-app', 'retry');
    expect(await play.result()).toMatchObject({ outcome: 'rolled-back' });
  });

  test('a CronJob that fails holds by its own name; skip leaves it suspended and the report names it', async () => {
    const play = await stage.play({
      script: {
        'resume-cron-jobs': ({ cronJob }) => {
          if (cronJob === 'daily') failing('CronJobFailed', 'daily ended with status 1')();
          return { name: cronJob, job: `${cronJob}-1`, staysSuspended: false, seconds: 1 };
        },
      },
    });
    await play.approve('downgrade');
    expect((await play.hold('resume-cron-jobs')).hold).toBe('resume-cron-jobs-1-daily');
    await play.decide('resume-cron-jobs', 'retry');
    await play.until('try 2', ({ hold }) => hold?.hold === 'resume-cron-jobs-2-daily');
    await play.decide('resume-cron-jobs', 'skip');
    const { outcome, attention } = await play.result();
    const { toDo } = await play.report();
    expect(outcome).toBe('rolled-back');
    expect(attention.join('\n')).toContain('CronJob daily was skipped and stays suspended');
    expect(toDo.join('\n')).toContain('daily');
    expect(play.calls('stop-writes')).toHaveLength(1);
  });

  test('law 3: restore decided after writes had resumed stops them again first', async () => {
    const play = await stage.play({ script: { 'resume-cron-jobs': failing('CronJobFailed') } });
    await play.approve('downgrade');
    expect((await play.hold('resume-cron-jobs')).byHand).toEqual([]);
    await play.decide('resume-cron-jobs', 'restore');
    await play.gate('restore');
    expect(play.calls('stop-writes').map(({ again }) => again)).toEqual([false, true]);
    await play.approve('restore', 'ann');
    await play.approve('restore', 'bob');
    expect(await play.result()).toMatchObject({ outcome: 'restored' });
  });

  test('abort after writes had resumed says that the application runs', async () => {
    const play = await stage.play({ script: { 'resume-cron-jobs': failing('CronJobFailed') } });
    await play.approve('downgrade');
    await play.decide('resume-cron-jobs', 'abort');
    expect(await play.result()).toMatchObject({
      outcome: 'aborted',
      reason: expect.stringContaining('The application runs') as string,
    });
  });

  test('two failures of a step escalate to the first of the path; an acknowledgement is heard', async () => {
    const play = await stage.play({ script: failingAt('verify', [1, 2], 'VerificationFailed') });
    await play.approve('downgrade');
    await play.decide('verify', 'retry');
    await play.until('verify-2', ({ hold }) => hold?.hold === 'verify-2');
    expect((await play.progress()).escalated).toMatchObject([{ to: 'Database administrator' }]);
    await play.handle.executeUpdate('acknowledge', { args: [{ by: 'dba' }] });
    await play.decide('verify', 'retry');
    expect(await play.result()).toMatchObject({ outcome: 'rolled-back' });
  });

  test('writes stopped for longer than downFor escalate while a gate waits', async () => {
    const play = await stage.play({ definition: { escalation: { path: ['DBA', 'CTO'], downFor: '300ms' } } });
    await play.until('an escalation', ({ escalated }) => escalated.length > 0 && escalated);
    await play.approve('downgrade');
    await play.result();
  });
});
