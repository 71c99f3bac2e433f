import { describe, expect, test } from 'vitest';
import { failing, failingAt, theatre } from './theatre.ts';

const stage = theatre();

describe.concurrent('before the downgrade', () => {
  test('stop-writes that fails puts back what it had stopped', async () => {
    const play = await stage.play({
      script: { 'stop-writes': failing('WritesNotStopped', 'A session of cron stays.') },
    });
    expect(await play.result()).toMatchObject({
      outcome: 'put-back',
      reason: expect.stringContaining('A session of cron stays.') as string,
    });
    expect(play.calls('put-back')).toHaveLength(1);
    expect(play.calls('back-up')).toEqual([]);
  });

  test('law 1: a backup that fails holds; retry makes try 2, and only then the gate opens', async () => {
    const play = await stage.play({ script: failingAt('back-up', [1], 'BackupFailed') });
    const hold = await play.hold('back-up');
    expect(hold).toMatchObject({
      hold: 'back-up-1',
      decisions: ['retry', 'abort'],
      fault: { type: 'BackupFailed' },
    });
    expect(hold.deadline).toBeDefined();
    expect(hold.byHand.join('\n')).toContain('kubectl scale deployment/radar-api -n radar --replicas=3');
    expect(hold.byHand[0]).toContain('RENAME TO "radar"');
    expect(await play.refusal('decide', { hold: 'back-up-1', decision: 'skip', by: 'ann' })).toContain(
      'retry, abort',
    );
    expect(await play.refusal('decide', { hold: 'back-up-7', decision: 'retry', by: 'ann' })).toContain(
      "'back-up-1'",
    );
    await play.decide('back-up', 'retry');
    await play.approve('downgrade');
    expect(await play.result()).toMatchObject({ outcome: 'rolled-back' });
    expect(play.calls('back-up').map((input) => input.try)).toEqual([1, 2]);
  });

  test('abort at a hold before the pivot puts back', async () => {
    const play = await stage.play({ script: { 'back-up': failing('BackupNotProved') } });
    await play.decide('back-up', 'abort');
    expect(await play.result()).toMatchObject({ outcome: 'put-back' });
    expect(play.calls('put-back')).toHaveLength(1);
  });

  test('nobody decides within the write outage budget: put back, as the definition wants', async () => {
    const play = await stage.play({
      script: { 'back-up': failing('BackupFailed') },
      definition: { writeOutageBudget: '300ms' },
    });
    expect(await play.result()).toMatchObject({
      outcome: 'put-back',
      reason: expect.stringContaining('write outage budget') as string,
    });
  });

  test('nobody decides and the definition says stay-stopped: aborted, with the record kept', async () => {
    const play = await stage.play({
      script: { 'back-up': failing('BackupFailed') },
      definition: { writeOutageBudget: '300ms', onGiveUp: 'stay-stopped' },
    });
    expect(await play.result()).toMatchObject({ outcome: 'aborted' });
    expect(play.calls('put-back')).toEqual([]);
    expect(play.calls('report')[0]).toMatchObject({ outcome: 'aborted', keepRecord: true });
    expect((await play.report()).byHand).not.toEqual([]);
  });

  test('rejected at gate downgrade: everything is put back, and nothing keeps writes stopped any more', async () => {
    const play = await stage.play();
    await play.reject('downgrade', 'bob');
    expect(await play.result()).toMatchObject({ outcome: 'put-back', to: '0005' });
    const { steps } = await play.progress();
    const names = steps.map(({ step, state }) => `${step} ${state}`);
    expect(names).toContain('keep-writes-stopped done');
    expect(names.indexOf('keep-writes-stopped done')).toBeLessThan(names.indexOf('put-back done'));
    expect(steps.filter(({ state }) => state === 'to-do')).toEqual([]);
  });

  test('a compensation that fails is reported, never swallowed: PutBackFailed, with the record kept', async () => {
    const play = await stage.play({ script: { 'put-back': failing('PutBackFailed', 'radar-api is at 0.') } });
    await play.reject('downgrade');
    const { type, message } = await play.failure();
    expect(type).toBe('PutBackFailed');
    expect(message).toContain('radar-api is at 0.');
    expect(message).toContain('Put back by hand');
    expect(play.calls('report')[0]).toMatchObject({ outcome: 'aborted', keepRecord: true });
    const report = await play.report();
    expect(report.attention.join('\n')).toContain('Putting back failed');
    expect(report.byHand.join('\n')).toContain('kubectl scale');
  });

  test('law 3: where writes can no longer be kept stopped, nothing is downgraded', async () => {
    const play = await stage.play({ script: { 'keep-writes-stopped': failing('KubernetesRightMissing') } });
    await play.approve('downgrade');
    expect(await play.result()).toMatchObject({
      outcome: 'put-back',
      reason: expect.stringContaining('no longer be kept stopped') as string,
    });
    expect(play.calls('downgrade')).toEqual([]);
  });

  test('what the world may mend is tried again without asking anybody', async () => {
    const play = await stage.play({ script: failingAt('back-up', [1], 'KubernetesUnreachable') });
    await play.approve('downgrade');
    expect(await play.result()).toMatchObject({ outcome: 'rolled-back' });
    expect(play.calls('back-up').map((input) => input.try)).toEqual([1, 1]);
  });
});
