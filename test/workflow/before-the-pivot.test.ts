import { describe, expect, test } from 'vitest';
import { Latch, failing, failingAt, failingBeforePivot, workflowHarness } from './harness.ts';

const harness = workflowHarness();

describe.concurrent('before the downgrade', () => {
  test('stop-writes that fails puts back what it had stopped', async () => {
    const run = await harness.start({
      activities: { 'stop-writes': failing('WritesNotStopped', 'A session of cron stays.') },
    });
    expect(await run.result()).toMatchObject({
      outcome: 'put-back',
      reason: expect.stringContaining('A session of cron stays.') as string,
    });
    expect(run.calls('put-back')).toHaveLength(1);
    expect(run.calls('back-up')).toEqual([]);
  });

  test('law 1: a backup that fails holds; retry makes try 2, and only then the gate opens', async () => {
    const run = await harness.start({ activities: failingAt('back-up', [1], 'BackupFailed') });
    const hold = await run.hold('back-up');
    expect(hold).toMatchObject({
      hold: 'back-up-1',
      decisions: ['retry', 'abort'],
      fault: { type: 'BackupFailed' },
    });
    expect(hold.deadline).toBeDefined();
    expect(hold.byHand.join('\n')).toContain('kubectl scale deployment/radar-api -n radar --replicas=3');
    expect(hold.byHand[0]).toBe('set -e');
    expect(hold.byHand[1]).toContain('RENAME TO "radar"');
    expect(await run.refusal('decide', { hold: 'back-up-1', decision: 'skip', by: 'ann' })).toContain(
      'retry, abort',
    );
    expect(await run.refusal('decide', { hold: 'back-up-7', decision: 'retry', by: 'ann' })).toContain(
      "'back-up-1'",
    );
    await run.decide('back-up', 'retry');
    await run.approve('downgrade');
    expect(await run.result()).toMatchObject({ outcome: 'rolled-back' });
    expect(run.calls('back-up').map((input) => input.try)).toEqual([1, 2]);
  });

  test('abort at a hold before the pivot puts back', async () => {
    const run = await harness.start({ activities: { 'back-up': failing('BackupNotProved') } });
    await run.decide('back-up', 'abort');
    expect(await run.result()).toMatchObject({ outcome: 'put-back' });
    expect(run.calls('put-back')).toHaveLength(1);
  });

  test('nobody decides within the write outage budget: put back, as the definition wants', async () => {
    const run = await harness.start({
      activities: { 'back-up': failing('BackupFailed') },
      definition: { writeOutageBudget: '300ms' },
    });
    expect(await run.result()).toMatchObject({
      outcome: 'put-back',
      reason: expect.stringContaining('write outage budget') as string,
    });
  });

  test('nobody decides and the definition says stay-stopped: aborted, with the record kept', async () => {
    const run = await harness.start({
      activities: { 'back-up': failing('BackupFailed') },
      definition: { writeOutageBudget: '300ms', onGiveUp: 'stay-stopped' },
    });
    expect(await run.result()).toMatchObject({ outcome: 'aborted' });
    expect(run.calls('put-back')).toEqual([]);
    expect(run.calls('report')[0]).toMatchObject({ outcome: 'aborted', keepRecord: true });
    expect((await run.report()).byHand).not.toEqual([]);
  });

  test('rejected at gate downgrade: everything is put back, and nothing keeps writes stopped any more', async () => {
    const run = await harness.start();
    await run.reject('downgrade', 'bob');
    expect(await run.result()).toMatchObject({ outcome: 'put-back', to: '0005' });
    const { steps } = await run.progress();
    const names = steps.map(({ step, state }) => `${step} ${state}`);
    expect(names).toContain('guard-writes done');
    expect(names.indexOf('guard-writes done')).toBeLessThan(names.indexOf('put-back done'));
    expect(steps.filter(({ state }) => state === 'to-do')).toEqual([]);
  });

  test('law 11: a put-back that fails holds without a deadline, and retry goes on with it', async () => {
    const run = await harness.start({ activities: failingAt('put-back', [1], 'PutBackFailed') });
    await run.reject('downgrade');
    const hold = await run.hold('put-back');
    expect(hold).toMatchObject({ hold: 'put-back-1', decisions: ['retry', 'abort'] });
    expect(hold.deadline).toBeUndefined();
    expect(hold.byHand.join('\n')).toContain('kubectl scale');
    expect((await run.progress()).escalated).not.toEqual([]);
    await run.decide('put-back', 'retry');
    expect(await run.result()).toMatchObject({ outcome: 'put-back' });
    expect(run.calls('report')[0]).toMatchObject({ outcome: 'put-back', keepRecord: false });
  });

  test('a put-back that a person gives up ends aborted, never Failed, with the record kept', async () => {
    const run = await harness.start({
      activities: { 'put-back': failing('PutBackFailed', 'radar-api is at 0.') },
    });
    await run.reject('downgrade');
    await run.decide('put-back', 'abort');
    const { outcome, reason } = (await run.result()) as { outcome: string; reason: string };
    expect(outcome).toBe('aborted');
    expect(reason).toContain('radar-api is at 0.');
    expect(run.calls('report')[0]).toMatchObject({ outcome: 'aborted', keepRecord: true });
    const report = await run.report();
    expect(report.attention.join('\n')).toContain('Putting back failed');
    expect(report.byHand.join('\n')).toContain('kubectl scale');
  });

  describe('a downgrade that refuses before the pivot', () => {
    const refusing = { downgrade: failingBeforePivot('WritesCameBack') };

    test('holds with a deadline, and offers no restore: there is nothing to restore', async () => {
      const run = await harness.start({ activities: refusing });
      await run.approve('downgrade');
      const hold = await run.hold('downgrade');
      expect(hold.decisions).toEqual(['retry', 'abort']);
      expect(hold.deadline).toBeDefined();
      expect((await run.progress()).situation).toMatchObject({ pivotPassed: false });
    });

    test('abort puts everything back', async () => {
      const run = await harness.start({ activities: refusing });
      await run.approve('downgrade');
      await run.decide('downgrade', 'abort');
      expect(await run.result()).toMatchObject({ outcome: 'put-back' });
      expect(run.calls('put-back')).toMatchObject([{ stopped: true, pivotPassed: false }]);
    });

    test('a cancel request at its hold puts everything back', async () => {
      const run = await harness.start({ activities: refusing });
      await run.approve('downgrade');
      await run.hold('downgrade');
      await run.handle.cancel();
      expect(await run.result()).toMatchObject({ outcome: 'put-back' });
    });

    test('a cancel request that it let wait puts everything back, and nobody is asked', async () => {
      const latch = new Latch();
      const run = await harness.start({
        activities: { downgrade: () => latch.opened.then(failingBeforePivot('WritesCameBack')) },
      });
      await run.approve('downgrade');
      await run.running('downgrade');
      await run.handle.cancel();
      await run.until('the request', ({ cancelRequested }) => cancelRequested);
      latch.open();
      expect(await run.result()).toMatchObject({ outcome: 'put-back' });
      expect((await run.report()).decisions.filter(({ what }) => what.includes('hold'))).toEqual([]);
    });

    test('and passes it at the next try: from then on nothing is undone by itself', async () => {
      const run = await harness.start({
        activities: {
          downgrade: (_input, call) =>
            (call === 1 ? failingBeforePivot('WritesCameBack') : failing('DowngradeFailed'))(),
        },
      });
      await run.approve('downgrade');
      await run.decide('downgrade', 'retry');
      const hold = await run.until('downgrade-2', ({ hold }) =>
        hold?.hold === 'downgrade-2' ? hold : false,
      );
      expect(hold).toMatchObject({ decisions: ['retry', 'restore', 'abort'] });
      await run.decide('downgrade', 'abort');
      expect(await run.result()).toMatchObject({ outcome: 'aborted' });
    });
  });

  test('law 3: where writes can no longer be kept stopped, nothing is downgraded', async () => {
    const run = await harness.start({
      activities: { 'guard-writes': failing('KubernetesRightMissing') },
    });
    await run.approve('downgrade');
    expect(await run.result()).toMatchObject({
      outcome: 'put-back',
      reason: expect.stringContaining('no longer be kept stopped') as string,
    });
    expect(run.calls('downgrade')).toEqual([]);
  });

  test('what the world may mend is tried again without asking anybody', async () => {
    const run = await harness.start({ activities: failingAt('back-up', [1], 'KubernetesUnreachable') });
    await run.approve('downgrade');
    expect(await run.result()).toMatchObject({ outcome: 'rolled-back' });
    expect(run.calls('back-up').map((input) => input.try)).toEqual([1, 1]);
  });
});
