import { describe, expect, test } from 'vitest';
import { findings } from '../example-plan.ts';
import { Latch, assessed, failing, workflowHarness } from './harness.ts';

const harness = workflowHarness();

/** A step that waits until the test lets it go, deaf to cancellation. */
const waiting = <S extends 'assess' | 'stop-writes' | 'back-up' | 'downgrade' | 'verify' | 'start-app'>(
  step: S,
) => {
  const latch = new Latch();
  const activities = {
    [step]: async () => {
      await latch.opened;
      return findings[step];
    },
  };
  return { latch, activities };
};

describe.concurrent('cancel', () => {
  test('while assessing: rejected, nothing touched', async () => {
    const latch = new Latch();
    const run = await harness.start({
      activities: {
        assess: async (input) => {
          await latch.opened;
          return assessed({}, input);
        },
      },
    });
    await run.running('assess');
    await run.handle.cancel();
    latch.open();
    expect(await run.result()).toMatchObject({ outcome: 'rejected' });
    expect(run.calls('stop-writes')).toEqual([]);
    expect(run.calls('put-back')).toEqual([]);
  });

  test('at gate start: rejected, nothing touched', async () => {
    const run = await harness.start({ definition: { approvals: { start: { people: 1 } } } });
    await run.gate('start');
    await run.handle.cancel();
    expect(await run.result()).toMatchObject({ outcome: 'rejected' });
    expect(run.calls('put-back')).toEqual([]);
  });

  test('while writes are being stopped: it waits for the step, then puts back', async () => {
    const { latch, activities } = waiting('stop-writes');
    const run = await harness.start({ activities });
    await run.running('stop-writes');
    await run.handle.cancel();
    await run.until('the request', ({ cancelRequested }) => cancelRequested);
    expect(run.calls('put-back')).toEqual([]);
    latch.open();
    expect(await run.result()).toMatchObject({ outcome: 'put-back' });
    expect(run.calls('back-up')).toEqual([]);
  });

  test.each(['stop-writes', 'snapshot', 'back-up', 'rehearse', 'salvage'] as const)(
    'while %s runs and then fails: put back, and nothing is thrown',
    async (step) => {
      const latch = new Latch();
      const run = await harness.start({
        activities: {
          [step]: async () => {
            await latch.opened;
            return failing('DatabaseUnreachable')();
          },
        },
      });
      await run.running(step);
      await run.handle.cancel();
      await run.until('the request', ({ cancelRequested }) => cancelRequested);
      latch.open();
      const { outcome, reason } = (await run.result()) as { outcome: string; reason: string };
      expect(outcome).toBe('put-back');
      // Nobody waits any more for what runs beside the steps.
      if (step !== 'back-up') expect(reason).toContain('DatabaseUnreachable as the test wants it');
      expect(run.calls('put-back')).toHaveLength(1);
      expect(run.calls('report')).toHaveLength(1);
    },
  );

  test('while a step runs whose worker dies: the server does not try it again, and it is put back', async () => {
    const latch = new Latch();
    // Silent from now on, as a worker that was killed is.
    const run = await harness.start({
      activities: { snapshot: () => latch.opened.then(() => findings.snapshot) },
    });
    await run.running('snapshot');
    await run.handle.cancel();
    expect(await run.result()).toMatchObject({ outcome: 'put-back' });
    expect(run.calls('snapshot')).toHaveLength(1);
    latch.open();
  });

  test('while assess runs and then fails: rejected, nothing touched', async () => {
    const latch = new Latch();
    const run = await harness.start({
      activities: {
        assess: async () => {
          await latch.opened;
          return failing('KubernetesUnreachable')();
        },
      },
    });
    await run.running('assess');
    await run.handle.cancel();
    await run.until('the request', ({ cancelRequested }) => cancelRequested);
    latch.open();
    expect(await run.result()).toMatchObject({ outcome: 'rejected' });
    expect(run.calls('put-back')).toEqual([]);
  });

  test('while the switch to the new instance runs and then fails: switched back, then put back', async () => {
    const latch = new Latch();
    const run = await harness.start(
      {
        activities: {
          'switch-database': async () => {
            await latch.opened;
            return failing('KubernetesUnreachable')();
          },
        },
      },
      undefined,
      'pointInTimeRestore',
    );
    await run.approve('restore', 'ann');
    await run.approve('restore', 'bob');
    await run.running('switch-database');
    await run.handle.cancel();
    await run.until('the request', ({ cancelRequested }) => cancelRequested);
    latch.open();
    expect(await run.result()).toMatchObject({ outcome: 'put-back' });
    expect(run.calls('switch-back')).toHaveLength(1);
    expect(run.calls('put-back')).toHaveLength(1);
  });

  test('at a hold before the pivot: put back', async () => {
    const run = await harness.start({ activities: { 'back-up': failing('BackupFailed') } });
    await run.hold('back-up');
    await run.handle.cancel();
    expect(await run.result()).toMatchObject({ outcome: 'put-back' });
  });

  test('at gate downgrade: put back, never downgraded', async () => {
    const run = await harness.start();
    await run.gate('downgrade');
    await run.handle.cancel();
    expect(await run.result()).toMatchObject({ outcome: 'put-back' });
    expect(run.calls('downgrade')).toEqual([]);
    expect(run.calls('put-back')).toHaveLength(1);
  });

  test('while the downgrade runs: a hold before the next step; retry goes on to the end', async () => {
    const { latch, activities } = waiting('downgrade');
    const run = await harness.start({ activities });
    await run.approve('downgrade');
    await run.running('downgrade');
    await run.handle.cancel();
    latch.open();
    const hold = await run.hold('verify');
    expect(hold).toMatchObject({ hold: 'before-verify-1', fault: { type: 'CancelRequested' } });
    expect(run.calls('verify')).toEqual([]);
    await run.decide('verify', 'retry');
    expect(await run.result()).toMatchObject({ outcome: 'rolled-back' });
    expect(run.calls('downgrade')).toHaveLength(1);
    expect(run.calls('put-back')).toEqual([]);
  });

  test('after the pivot, then abort: writes stay stopped', async () => {
    const { latch, activities } = waiting('verify');
    const run = await harness.start({ activities });
    await run.approve('downgrade');
    await run.running('verify');
    await run.handle.cancel();
    latch.open();
    await run.decide('roll-back-app', 'abort');
    expect(await run.result()).toMatchObject({ outcome: 'aborted' });
    expect(run.calls('report')[0]).toMatchObject({ keepRecord: true });
  });

  test('after the pivot, then restore: a retry within a cancelled run still works', async () => {
    const { latch, activities } = waiting('verify');
    const run = await harness.start({ activities });
    await run.approve('downgrade');
    await run.running('verify');
    await run.handle.cancel();
    latch.open();
    await run.decide('roll-back-app', 'restore');
    await run.approve('restore');
    expect(await run.result()).toMatchObject({ outcome: 'restored' });
  });

  test('at a hold after the pivot: the open hold answers it', async () => {
    const run = await harness.start({
      activities: {
        verify: (_input, call) => (call === 1 ? failing('VerificationFailed')() : findings.verify),
      },
    });
    await run.approve('downgrade');
    await run.hold('verify');
    await run.handle.cancel();
    await run.until('the request', ({ cancelRequested }) => cancelRequested);
    expect((await run.hold('verify')).hold).toBe('verify-1');
    await run.decide('verify', 'retry');
    expect(await run.result()).toMatchObject({ outcome: 'rolled-back' });
  });

  test('while CronJobs are resumed: a hold before the next one, which skip leaves suspended', async () => {
    const latch = new Latch();
    const run = await harness.start({
      activities: {
        'resume-cron-jobs': async ({ cronJob }) => {
          await latch.opened;
          return { name: cronJob, job: `${cronJob}-1`, staysSuspended: false, seconds: 1 };
        },
      },
    });
    await run.approve('downgrade');
    await run.running('resume-cron-jobs');
    await run.handle.cancel();
    latch.open();
    expect((await run.hold('resume-cron-jobs')).hold).toBe('before-resume-cron-jobs-1-daily');
    await run.decide('resume-cron-jobs', 'skip');
    expect(await run.result()).toMatchObject({ outcome: 'rolled-back' });
    expect(run.calls('resume-cron-jobs')).toHaveLength(1);
    expect((await run.report()).attention.join('\n')).toContain('daily');
  });
});
