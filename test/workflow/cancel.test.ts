import { describe, expect, test } from 'vitest';
import { findings } from '../example-plan.ts';
import { Latch, assessed, failing, theatre } from './theatre.ts';

const stage = theatre();

/** A step that waits until the test lets it go, deaf to cancellation. */
const waiting = <S extends 'assess' | 'stop-writes' | 'back-up' | 'downgrade' | 'verify' | 'start-app'>(
  step: S,
) => {
  const latch = new Latch();
  const script = {
    [step]: async () => {
      await latch.opened;
      return findings[step];
    },
  };
  return { latch, script };
};

describe.concurrent('cancel', () => {
  test('while assessing: rejected, nothing touched', async () => {
    const latch = new Latch();
    const play = await stage.play({
      script: {
        assess: async (input) => {
          await latch.opened;
          return assessed({}, input);
        },
      },
    });
    await play.running('assess');
    await play.handle.cancel();
    latch.open();
    expect(await play.result()).toMatchObject({ outcome: 'rejected' });
    expect(play.calls('stop-writes')).toEqual([]);
    expect(play.calls('put-back')).toEqual([]);
  });

  test('at gate start: rejected, nothing touched', async () => {
    const play = await stage.play({ definition: { approvals: { start: { people: 1 } } } });
    await play.gate('start');
    await play.handle.cancel();
    expect(await play.result()).toMatchObject({ outcome: 'rejected' });
    expect(play.calls('put-back')).toEqual([]);
  });

  test('while writes are being stopped: it waits for the step, then puts back', async () => {
    const { latch, script } = waiting('stop-writes');
    const play = await stage.play({ script });
    await play.running('stop-writes');
    await play.handle.cancel();
    await play.until('the request', ({ cancelRequested }) => cancelRequested);
    expect(play.calls('put-back')).toEqual([]);
    latch.open();
    expect(await play.result()).toMatchObject({ outcome: 'put-back' });
    expect(play.calls('back-up')).toEqual([]);
  });

  test('at a hold before the pivot: put back', async () => {
    const play = await stage.play({ script: { 'back-up': failing('BackupFailed') } });
    await play.hold('back-up');
    await play.handle.cancel();
    expect(await play.result()).toMatchObject({ outcome: 'put-back' });
  });

  test('at gate downgrade: put back, never downgraded', async () => {
    const play = await stage.play();
    await play.gate('downgrade');
    await play.handle.cancel();
    expect(await play.result()).toMatchObject({ outcome: 'put-back' });
    expect(play.calls('downgrade')).toEqual([]);
    expect(play.calls('put-back')).toHaveLength(1);
  });

  test('while the downgrade runs: a hold before the next step; retry goes on to the end', async () => {
    const { latch, script } = waiting('downgrade');
    const play = await stage.play({ script });
    await play.approve('downgrade');
    await play.running('downgrade');
    await play.handle.cancel();
    latch.open();
    const hold = await play.hold('verify');
    expect(hold).toMatchObject({ hold: 'before-verify-1', fault: { type: 'CancelRequested' } });
    expect(play.calls('verify')).toEqual([]);
    await play.decide('verify', 'retry');
    expect(await play.result()).toMatchObject({ outcome: 'rolled-back' });
    expect(play.calls('downgrade')).toHaveLength(1);
    expect(play.calls('put-back')).toEqual([]);
  });

  test('after the pivot, then abort: writes stay stopped', async () => {
    const { latch, script } = waiting('verify');
    const play = await stage.play({ script });
    await play.approve('downgrade');
    await play.running('verify');
    await play.handle.cancel();
    latch.open();
    await play.decide('roll-back-app', 'abort');
    expect(await play.result()).toMatchObject({ outcome: 'aborted' });
    expect(play.calls('report')[0]).toMatchObject({ keepRecord: true });
  });

  test('after the pivot, then restore: a retry within a cancelled run still works', async () => {
    const { latch, script } = waiting('verify');
    const play = await stage.play({ script });
    await play.approve('downgrade');
    await play.running('verify');
    await play.handle.cancel();
    latch.open();
    await play.decide('roll-back-app', 'restore');
    await play.approve('restore');
    expect(await play.result()).toMatchObject({ outcome: 'restored' });
  });

  test('at a hold after the pivot: the open hold answers it', async () => {
    const play = await stage.play({
      script: { verify: (_input, call) => (call === 1 ? failing('VerificationFailed')() : findings.verify) },
    });
    await play.approve('downgrade');
    await play.hold('verify');
    await play.handle.cancel();
    await play.until('the request', ({ cancelRequested }) => cancelRequested);
    expect((await play.hold('verify')).hold).toBe('verify-1');
    await play.decide('verify', 'retry');
    expect(await play.result()).toMatchObject({ outcome: 'rolled-back' });
  });

  test('while CronJobs are resumed: a hold before the next one, which skip leaves suspended', async () => {
    const latch = new Latch();
    const play = await stage.play({
      script: {
        'resume-cron-jobs': async ({ cronJob }) => {
          await latch.opened;
          return { name: cronJob, job: `${cronJob}-1`, staysSuspended: false, seconds: 1 };
        },
      },
    });
    await play.approve('downgrade');
    await play.running('resume-cron-jobs');
    await play.handle.cancel();
    latch.open();
    expect((await play.hold('resume-cron-jobs')).hold).toBe('before-resume-cron-jobs-1-daily');
    await play.decide('resume-cron-jobs', 'skip');
    expect(await play.result()).toMatchObject({ outcome: 'rolled-back' });
    expect(play.calls('resume-cron-jobs')).toHaveLength(1);
    expect((await play.report()).attention.join('\n')).toContain('daily');
  });
});
