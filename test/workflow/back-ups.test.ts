import { Context } from '@temporalio/activity';
import { describe, expect, test } from 'vitest';
import type { Backup } from '../../src/domain/findings.ts';
import { findings } from '../example-plan.ts';
import type { Play } from './play.ts';
import { Latch, failing, failingAt, theatre, type Script } from './theatre.ts';

const stage = theatre();
const backup = findings['back-up'];
const proveBefore = (moment: 'resume' | 'end') => ({
  definition: { backup: { claim: 'backups', proveBefore: moment } },
});

/** A dump that goes on until the test lets it go, and heeds a request to end. */
function slow(): { latch: Latch; script: Script } {
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
  return { latch, script: { 'back-up': dump } };
}

const done = (play: Play, name: string, part?: string) =>
  play.until(`${name} done`, ({ steps }) =>
    steps.some((line) => line.step === name && line.state === 'done' && line.part === part),
  );

describe.concurrent('law 1: a backup that must be proved before the downgrade', () => {
  test('is made while the rehearsal goes on, and the gate waits for it', async () => {
    const { latch, script } = slow();
    const play = await stage.play({ script });
    await done(play, 'salvage');
    expect(play.calls('back-up')).toMatchObject([{ try: 1 }]);
    expect((await play.progress()).gate).toBeUndefined();
    latch.open();
    await play.approve('downgrade');
    expect(await play.result()).toMatchObject({ outcome: 'rolled-back' });
    expect(play.calls('back-up')).toHaveLength(1);
    expect(play.calls('downgrade')[0]?.waysBack.backup).toEqual(backup);
  });

  test('comes before the rehearsal where no restore point stands: a copy lets no session on its source', async () => {
    const { latch, script } = slow();
    const point = { made: false, why: 'no room' } as const;
    const play = await stage.play({ script: { ...script, 'restore-point': () => point } });
    await play.running('back-up');
    latch.open();
    await play.approve('downgrade');
    await play.result();
    const steps = (await play.progress()).steps.map(({ step }) => step);
    expect(steps.indexOf('back-up')).toBeLessThan(steps.indexOf('rehearse'));
  });

  test('is ended when the rehearsal fails and everything is put back', async () => {
    const { script } = slow();
    const play = await stage.play({ script: { ...script, rehearse: failing('RehearsalFailed') } });
    await play.decide('rehearse', 'abort');
    expect(await play.result()).toMatchObject({ outcome: 'put-back' });
    const { steps } = await play.progress();
    expect(steps.find(({ step }) => step === 'back-up')?.endedAt).toBeDefined();
    expect(play.calls('downgrade')).toEqual([]);
  });
});

describe.concurrent('law 1: a backup that is proved beside the rollback', () => {
  test('is dumped from the restore point, and writes resume only when it is proved', async () => {
    const { latch, script } = slow();
    const play = await stage.play({ ...proveBefore('resume'), script });
    await play.approve('downgrade');
    await done(play, 'roll-back-app');
    expect(play.calls('back-up')).toEqual([
      expect.objectContaining({ beside: true, point: findings['restore-point'], try: 1 }),
    ]);
    expect(play.calls('downgrade')[0]?.waysBack.backup).toBeUndefined();
    expect(play.calls('downgrade')[0]?.waysBack.point).toEqual(findings['restore-point']);
    expect(play.calls('start-app')).toEqual([]);
    latch.open();
    expect(await play.result()).toMatchObject({ outcome: 'rolled-back' });
    expect(play.calls('back-up')).toHaveLength(1);
    expect((await play.report()).backup).toEqual(backup);
  });

  test('may come at the end: the application runs meanwhile, and the rollback waits for it', async () => {
    const { latch, script } = slow();
    const play = await stage.play({ ...proveBefore('end'), script });
    await play.approve('downgrade');
    await done(play, 'resume-cron-jobs', 'daily');
    expect(play.calls('report')).toEqual([]);
    latch.open();
    expect(await play.result()).toMatchObject({ outcome: 'rolled-back' });
    expect((await play.report()).backup).toEqual(backup);
  });

  test('and fails is tried once more before writes resume', async () => {
    const script = failingAt('back-up', [1], 'BackupNotProved');
    const play = await stage.play({ ...proveBefore('resume'), script });
    await play.approve('downgrade');
    await done(play, 'roll-back-app');
    expect(await play.result()).toMatchObject({ outcome: 'rolled-back' });
    const [first, second] = play.calls('back-up');
    expect(first).toMatchObject({ beside: true, try: 1 });
    expect(second).toMatchObject({ point: findings['restore-point'], try: 2 });
    expect(second?.beside).toBeUndefined();
  });

  test('and goes on failing, holds before writes resume, with nothing started', async () => {
    const play = await stage.play({
      ...proveBefore('resume'),
      script: { 'back-up': failing('BackupFailed', 'The volume is full.') },
    });
    await play.approve('downgrade');
    const hold = await play.hold('back-up');
    expect(hold).toMatchObject({ fault: { type: 'BackupFailed' }, decisions: ['retry', 'abort'] });
    expect(play.calls('roll-back-app')).toHaveLength(1);
    expect(play.calls('start-app')).toEqual([]);
    await play.decide('back-up', 'abort');
    const result = await play.result();
    expect(result.outcome).toBe('aborted');
    expect(result.reason).toContain('Writes stay stopped');
    expect(play.calls('start-app')).toEqual([]);
    expect(play.calls('put-back')).toEqual([]);
  });

  test('and goes on failing, holds before the end, with the application running', async () => {
    const play = await stage.play({
      ...proveBefore('end'),
      script: { 'back-up': failing('BackupFailed', 'The bucket is gone.') },
    });
    await play.approve('downgrade');
    await play.hold('back-up');
    expect(play.calls('resume-cron-jobs')).toHaveLength(2);
    expect(play.calls('report')).toEqual([]);
    await play.decide('back-up', 'abort');
    const result = await play.result();
    expect(result).toMatchObject({
      outcome: 'aborted',
      reason: expect.stringContaining('The application runs') as string,
    });
    expect(play.calls('report')[0]).toMatchObject({ keepRecord: true });
  });

  test('is ended by a cancel request at gate downgrade: everything is put back', async () => {
    const { script } = slow();
    const play = await stage.play({ ...proveBefore('resume'), script });
    await play.gate('downgrade');
    await play.running('back-up');
    await play.handle.cancel();
    expect(await play.result()).toMatchObject({ outcome: 'put-back' });
    expect(play.calls('downgrade')).toEqual([]);
    expect(play.calls('back-up')).toHaveLength(1);
  });

  test('is not ended by a cancel request after the downgrade, which holds before writes resume', async () => {
    const { latch, script } = slow();
    const play = await stage.play({ ...proveBefore('resume'), script });
    await play.approve('downgrade');
    await done(play, 'roll-back-app');
    await play.handle.cancel();
    await play.until('the request', ({ cancelRequested }) => cancelRequested);
    expect(play.calls('start-app')).toEqual([]);
    latch.open();
    await play.decide('start-app', 'retry');
    expect(await play.result()).toMatchObject({ outcome: 'rolled-back' });
    expect((await play.report()).backup).toEqual(backup);
  });

  test('leaves the restore point alone while that is restored from, and is then made of what was restored', async () => {
    const order: string[] = [];
    const play = await stage.play({
      ...proveBefore('end'),
      script: {
        verify: failing('VerificationFailed'),
        'back-up': async (input) => {
          if (input.beside !== true) {
            order.push('dump of what was restored');
            return backup;
          }
          const context = Context.current();
          const beat = setInterval(() => context.heartbeat(), 100);
          await context.cancelled.catch(() => undefined);
          clearInterval(beat);
          order.push('dump of the restore point ended');
          throw context.cancellationSignal.reason;
        },
        restore: () => {
          order.push('restored');
          return findings.restore;
        },
      },
    });
    await play.approve('downgrade');
    await play.decide('verify', 'restore');
    await play.gate('restore');
    expect(order).toEqual(['dump of the restore point ended', 'restored', 'dump of what was restored']);
    await play.approve('restore');
    expect(await play.result()).toMatchObject({ outcome: 'restored' });
  });

  test('cannot come later without a restore point: it is proved before the downgrade', async () => {
    const { latch, script } = slow();
    const play = await stage.play({
      ...proveBefore('end'),
      script: { ...script, 'restore-point': () => ({ made: false, why: 'no space' }) },
    });
    await play.running('back-up');
    expect(play.calls('rehearse')).toEqual([]);
    latch.open();
    await play.approve('downgrade');
    expect(await play.result()).toMatchObject({ outcome: 'rolled-back' });
    expect(play.calls('back-up')[0]?.beside).toBeUndefined();
    expect(play.calls('downgrade')[0]?.waysBack.backup).toEqual(backup);
  });
});
