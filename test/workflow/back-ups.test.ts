import { Context } from '@temporalio/activity';
import { describe, expect, test } from 'vitest';
import { findings } from '../example-plan.ts';
import type { WorkflowRun } from './workflow-run.ts';
import { Latch, failing, failingAt, workflowHarness, type FakeActivities } from './harness.ts';
import type { Backup } from '../../src/domain/backup.ts';

const harness = workflowHarness();
const backup = findings['back-up'];
const proveBefore = (end: 'resume' | 'end') => ({
  definition: { backup: { claim: 'backups', proveBefore: end } },
});

/** A dump that goes on until the test lets it go, and heeds a request to end. */
function slow(): { latch: Latch; activities: FakeActivities } {
  const latch = new Latch();
  const dump = async (): Promise<Backup> => {
    const context = Context.current();
    const beat = setInterval(() => context.heartbeat(), 100);
    try {
      await Promise.race([latch.opened, context.cancelled]);
      return backup;
    } finally {
      clearInterval(beat);
    }
  };
  return { latch, activities: { 'back-up': dump } };
}

const done = (run: WorkflowRun, name: string, part?: string) =>
  run.until(`${name} done`, ({ steps }) =>
    steps.some((line) => line.step === name && line.state === 'done' && line.part === part),
  );

describe.concurrent('law 1: a backup that must be proved before the downgrade', () => {
  test('is made while the rehearsal goes on, and the gate waits for it', async () => {
    const { latch, activities } = slow();
    const run = await harness.start({ activities });
    await done(run, 'salvage');
    expect(run.calls('back-up')).toMatchObject([{ try: 1 }]);
    expect((await run.progress()).gate).toBeUndefined();
    latch.open();
    await run.approve('downgrade');
    expect(await run.result()).toMatchObject({ outcome: 'rolled-back' });
    expect(run.calls('back-up')).toHaveLength(1);
    expect(run.calls('downgrade')[0]?.waysBack.backup).toEqual(backup);
  });

  test('comes before the rehearsal where no snapshot stands: a copy lets no session on its source', async () => {
    const { latch, activities } = slow();
    const snapshot = { made: false, why: 'no room' } as const;
    const run = await harness.start({ activities: { ...activities, snapshot: () => snapshot } });
    await run.running('back-up');
    latch.open();
    await run.approve('downgrade');
    await run.result();
    const steps = (await run.progress()).steps.map(({ step }) => step);
    expect(steps.indexOf('back-up')).toBeLessThan(steps.indexOf('rehearse'));
  });

  test('is ended when the rehearsal fails and everything is put back', async () => {
    const { activities } = slow();
    const run = await harness.start({ activities: { ...activities, rehearse: failing('RehearsalFailed') } });
    await run.decide('rehearse', 'abort');
    expect(await run.result()).toMatchObject({ outcome: 'put-back' });
    const { steps } = await run.progress();
    expect(steps.find(({ step }) => step === 'back-up')?.endedAt).toBeDefined();
    expect(run.calls('downgrade')).toEqual([]);
  });
});

describe.concurrent('law 1: a backup that is proved beside the rollback', () => {
  test('is dumped from the snapshot, and writes resume only when it is proved', async () => {
    const { latch, activities } = slow();
    const run = await harness.start({ ...proveBefore('resume'), activities });
    await run.approve('downgrade');
    await done(run, 'roll-back-app');
    expect(run.calls('back-up')).toEqual([
      expect.objectContaining({ fromSnapshot: true, snapshot: findings['snapshot'], try: 1 }),
    ]);
    expect(run.calls('downgrade')[0]?.waysBack.backup).toBeUndefined();
    expect(run.calls('downgrade')[0]?.waysBack.snapshot).toEqual(findings['snapshot']);
    expect(run.calls('start-app')).toEqual([]);
    latch.open();
    expect(await run.result()).toMatchObject({ outcome: 'rolled-back' });
    expect(run.calls('back-up')).toHaveLength(1);
    expect((await run.report()).backup).toEqual(backup);
  });

  test('may come at the end: the application runs meanwhile, and the rollback waits for it', async () => {
    const { latch, activities } = slow();
    const run = await harness.start({ ...proveBefore('end'), activities });
    await run.approve('downgrade');
    await done(run, 'resume-cron-jobs', 'daily');
    expect(run.calls('report')).toEqual([]);
    latch.open();
    expect(await run.result()).toMatchObject({ outcome: 'rolled-back' });
    expect((await run.report()).backup).toEqual(backup);
  });

  test('and fails is tried once more before writes resume', async () => {
    const activities = failingAt('back-up', [1], 'BackupNotProved');
    const run = await harness.start({ ...proveBefore('resume'), activities });
    await run.approve('downgrade');
    await done(run, 'roll-back-app');
    expect(await run.result()).toMatchObject({ outcome: 'rolled-back' });
    const [first, second] = run.calls('back-up');
    expect(first).toMatchObject({ fromSnapshot: true, try: 1 });
    expect(second).toMatchObject({ snapshot: findings['snapshot'], try: 2 });
    expect(second?.fromSnapshot).toBeUndefined();
  });

  test('and goes on failing, holds before writes resume, with nothing started', async () => {
    const run = await harness.start({
      ...proveBefore('resume'),
      activities: { 'back-up': failing('BackupFailed', 'The volume is full.') },
    });
    await run.approve('downgrade');
    const hold = await run.hold('back-up');
    expect(hold).toMatchObject({ fault: { type: 'BackupFailed' }, decisions: ['retry', 'abort'] });
    expect(run.calls('roll-back-app')).toHaveLength(1);
    expect(run.calls('start-app')).toEqual([]);
    await run.decide('back-up', 'abort');
    const result = await run.result();
    expect(result.outcome).toBe('aborted');
    expect(result.reason).toContain('Writes stay stopped');
    expect(run.calls('start-app')).toEqual([]);
    expect(run.calls('put-back')).toEqual([]);
  });

  test('and goes on failing, holds before the end, with the application running', async () => {
    const run = await harness.start({
      ...proveBefore('end'),
      activities: { 'back-up': failing('BackupFailed', 'The bucket is gone.') },
    });
    await run.approve('downgrade');
    await run.hold('back-up');
    expect(run.calls('resume-cron-jobs')).toHaveLength(2);
    expect(run.calls('report')).toEqual([]);
    await run.decide('back-up', 'abort');
    const result = await run.result();
    expect(result).toMatchObject({
      outcome: 'aborted',
      reason: expect.stringContaining('The application runs') as string,
    });
    expect(run.calls('report')[0]).toMatchObject({ keepRecord: true });
  });

  test('is ended by a cancel request at gate downgrade: everything is put back', async () => {
    const { activities } = slow();
    const run = await harness.start({ ...proveBefore('resume'), activities });
    await run.gate('downgrade');
    await run.running('back-up');
    await run.handle.cancel();
    expect(await run.result()).toMatchObject({ outcome: 'put-back' });
    expect(run.calls('downgrade')).toEqual([]);
    expect(run.calls('back-up')).toHaveLength(1);
  });

  test('is not ended by a cancel request after the downgrade, which holds before writes resume', async () => {
    const { latch, activities } = slow();
    const run = await harness.start({ ...proveBefore('resume'), activities });
    await run.approve('downgrade');
    await done(run, 'roll-back-app');
    await run.handle.cancel();
    await run.until('the request', ({ cancelRequested }) => cancelRequested);
    expect(run.calls('start-app')).toEqual([]);
    latch.open();
    await run.decide('start-app', 'retry');
    expect(await run.result()).toMatchObject({ outcome: 'rolled-back' });
    expect((await run.report()).backup).toEqual(backup);
  });

  test('leaves the snapshot alone while that is restored from, and is then made of what was restored', async () => {
    const order: string[] = [];
    const run = await harness.start({
      ...proveBefore('end'),
      activities: {
        verify: failing('VerificationFailed'),
        'back-up': async (input) => {
          if (input.fromSnapshot !== true) {
            order.push('dump of what was restored');
            return backup;
          }
          const context = Context.current();
          const beat = setInterval(() => context.heartbeat(), 100);
          await context.cancelled.catch(() => undefined);
          clearInterval(beat);
          order.push('dump of the snapshot ended');
          throw context.cancellationSignal.reason;
        },
        restore: () => {
          order.push('restored');
          return findings.restore;
        },
      },
    });
    await run.approve('downgrade');
    await run.decide('verify', 'restore');
    await run.gate('restore');
    expect(order).toEqual(['dump of the snapshot ended', 'restored', 'dump of what was restored']);
    await run.approve('restore');
    expect(await run.result()).toMatchObject({ outcome: 'restored' });
  });

  test('cannot come later without a snapshot: it is proved before the downgrade', async () => {
    const { latch, activities } = slow();
    const run = await harness.start({
      ...proveBefore('end'),
      activities: { ...activities, snapshot: () => ({ made: false, why: 'no space' }) },
    });
    await run.running('back-up');
    expect(run.calls('rehearse')).toEqual([]);
    latch.open();
    await run.approve('downgrade');
    expect(await run.result()).toMatchObject({ outcome: 'rolled-back' });
    expect(run.calls('back-up')[0]?.fromSnapshot).toBeUndefined();
    expect(run.calls('downgrade')[0]?.waysBack.backup).toEqual(backup);
  });
});
