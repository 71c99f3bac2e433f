import { consequenceOf } from '../../src/views/facts.ts';
import { describe, expect, test } from 'vitest';
import { fault } from '../../src/domain/failures.ts';
import { findings } from '../example-plan.ts';
import { Latch, failing, failingAt, workflowHarness, type ServiceSetup } from './harness.ts';

const harness = workflowHarness();
const restore = (setup: ServiceSetup = {}) => harness.start(setup, undefined, 'emergencyRestore');

/** Nothing differs between what is there and what was restored. */
const nothingLost = { ...findings['data-diff'], tables: [], lostRows: 0, loses: false };

describe.concurrent('the order of the runbook’s emergency restore', () => {
  test('all is well: two people, since rows are lost, then restored', async () => {
    const run = await restore();
    const gate = await run.gate('restore');
    expect(gate.people).toBe(2);
    expect(gate.shows.join('\n')).toContain(
      'LOST: papers: 100 rows now, 90 restored, 10 rows only in the database as it is now, 2 rows different; newest created_at: 2025-11-18T02:59:00Z now',
    );
    expect(run.calls('put-in-place')).toEqual([]);
    await run.approve('restore', 'ann');
    await run.approve('restore', 'bob');
    expect(await run.result()).toMatchObject({
      outcome: 'restored',
      from: '0005',
      to: '0004',
      counts: { afterStop: { papers: 100 }, atEnd: { papers: 90 } },
    });
    const { steps } = await run.progress();
    expect(steps.map(({ step, part, state }) => [step, part, state].join(' ').trim())).toEqual([
      'assess  done',
      'stop-writes  done',
      'guard-writes  done',
      'snapshot  done',
      'restore-new-database  done',
      'data-diff  done',
      'put-in-place  done',
      'roll-back-app  done',
      'start-app  done',
      'resume-cron-jobs hourly done',
      'resume-cron-jobs daily done',
      'report  done',
    ]);
    const [input] = run.calls('put-in-place');
    expect(input).toMatchObject({ approved: gate.hash, try: 1, dataDiff: { lostRows: 12 } });
    expect(run.calls('report')[0]).toMatchObject({ outcome: 'restored', keepRecord: false });
  });

  test('where no row is lost, one person is enough, as approvals.restore has it', async () => {
    const run = await restore({ activities: { 'data-diff': () => nothingLost } });
    expect((await run.gate('restore')).people).toBe(1);
    await run.approve('restore');
    expect(await run.result()).toMatchObject({ outcome: 'restored' });
  });

  test('what cannot be read is a loss: two people, to whom it is named', async () => {
    const stopped = { ...findings['stop-writes'], unreadable: ['scores'] };
    const why = 'the database is damaged: scores cannot be read';
    const run = await restore({
      activities: {
        'stop-writes': () => stopped,
        snapshot: () => ({ made: false, why }),
        'data-diff': () => nothingLost,
      },
    });
    const gate = await run.gate('restore');
    expect(gate.people).toBe(2);
    expect(gate.shows).toContain('CANNOT BE READ, so nobody can tell what is lost of it: scores');
    expect(gate.shows).toContain(`No snapshot of the database as it is now: ${why}`);
    await run.approve('restore', 'ann');
    await run.approve('restore', 'bob');
    expect(await run.result()).toMatchObject({ outcome: 'restored' });
    const report = await run.report();
    expect(report.notVerified).toContain('What scores held: it could not be read.');
    expect(report.attention.join('\n')).toContain(
      'radar__failed_0a1b2c3d is damaged: scores could not be read',
    );
  });

  test('rejected, it stays in use, and the report says that first', async () => {
    const stopped = { ...findings['stop-writes'], unreadable: ['scores'] };
    const run = await restore({ activities: { 'stop-writes': () => stopped } });
    await run.reject('restore');
    expect(await run.result()).toMatchObject({ outcome: 'put-back' });
    expect((await run.report()).attention[0]).toContain('still the one in use: scores cannot be read');
  });

  test('the policy in approvals counts: nobody for nothing lost, one for a loss', async () => {
    const definition = { approvals: { restore: { people: 0 }, loss: { people: 1 } } };
    const quiet = await restore({ definition, activities: { 'data-diff': () => nothingLost } });
    expect(await quiet.result()).toMatchObject({ outcome: 'restored' });
    const loses = await restore({ definition });
    expect((await loses.gate('restore')).people).toBe(1);
    await loses.approve('restore');
    await loses.result();
  });

  test('progress shows its own steps from the beginning, not those of a rollback', async () => {
    const latch = new Latch();
    const run = await restore({
      activities: { assess: () => latch.opened.then(() => ({ kind: 'refused' as const, faults: [] })) },
    });
    const { steps } = await run.running('assess').then(() => run.progress());
    expect(steps.map(({ step }) => step)).toContain('restore-new-database');
    expect(steps.map(({ step }) => step)).not.toContain('downgrade');
    latch.open();
    await run.failure();
  });

  test('the report says what was restored from, what was lost by it, and what is kept', async () => {
    const run = await restore();
    await run.approve('restore', 'ann');
    await run.approve('restore', 'bob');
    await run.result();
    const report = await run.report();
    expect(report.requested).toMatchObject({ from: 'the newest snapshot, or the newest proven backup' });
    expect(report.attention.join('\n')).toContain('radar__failed_0a1b2c3d');
    expect(report.rows.find(({ table }) => table === 'papers')?.difference).not.toContain('unexplained');
    expect(report.verified).toContain('rows of 2 tables equal to those in the dump');
  });
});

describe.concurrent('an emergency restore before anything is renamed', () => {
  test('a refusal names every fault with its next move; nothing was touched', async () => {
    const faults = [
      fault('SourceUnusable', 'File dumps/backup.sql.gz: its last line is missing.'),
      fault('KubernetesRightMissing', 'Backstep may not create Jobs.'),
    ];
    const run = await restore({ activities: { assess: () => ({ kind: 'refused', faults }) } });
    const { type, message } = await run.failure();
    expect(type).toBe('Refused');
    for (const { message: seen, next } of faults) expect(message).toContain(`${seen} ${next}`);
    expect(run.calls('stop-writes')).toEqual([]);
  });

  test('rejected at gate start: nothing was touched', async () => {
    const run = await restore({ definition: { approvals: { start: { people: 1 } } } });
    expect((await run.gate('start')).shows.join('\n')).toContain('file dumps/backup_20251118.sql.gz');
    await run.reject('start');
    expect(await run.result()).toMatchObject({ outcome: 'rejected' });
    expect(run.calls('stop-writes')).toEqual([]);
  });

  test('rejected at gate restore: everything is put back, nothing is renamed', async () => {
    const run = await restore();
    await run.reject('restore');
    expect(await run.result()).toMatchObject({ outcome: 'put-back', to: '0005' });
    expect(run.calls('put-back')).toHaveLength(1);
    expect(run.calls('put-in-place')).toEqual([]);
  });

  test('gate restore that expires puts back, too', async () => {
    const run = await restore({ definition: { approvals: { restore: { people: 1, within: '300ms' } } } });
    expect(await run.result()).toMatchObject({
      outcome: 'put-back',
      reason: expect.stringContaining('expired') as string,
    });
  });

  test.each(['stop-writes', 'restore-new-database', 'data-diff'] as const)(
    'cancelled while %s runs: put back',
    async (step) => {
      const latch = new Latch();
      const run = await restore({ activities: { [step]: () => latch.opened.then(() => findings[step]) } });
      await run.running(step);
      await run.handle.cancel();
      latch.open();
      expect(await run.result()).toMatchObject({ outcome: 'put-back' });
      expect(run.calls('put-in-place')).toEqual([]);
    },
  );

  test('cancelled at gate restore: put back', async () => {
    const run = await restore();
    await run.gate('restore');
    await run.handle.cancel();
    expect(await run.result()).toMatchObject({ outcome: 'put-back' });
  });

  test('stop-writes that fails puts back', async () => {
    const run = await restore({ activities: { 'stop-writes': failing('WritesNotStopped') } });
    expect(await run.result()).toMatchObject({ outcome: 'put-back' });
  });

  test('a restore that fails holds and escalates at once; retry makes try 2, abort puts back', async () => {
    const retried = await restore({ activities: failingAt('restore-new-database', [1], 'RestoreFailed') });
    const hold = await retried.hold('restore-new-database');
    expect(hold.decisions).toEqual(['retry', 'abort']);
    expect((await retried.progress()).escalated[0]?.to).toBe('Database administrator');
    await retried.decide('restore-new-database', 'retry');
    await retried.reject('restore');
    await retried.result();
    expect(retried.calls('restore-new-database').map((input) => input.try)).toEqual([1, 2]);

    const aborted = await restore({ activities: { 'data-diff': failing('RestoreFailed') } });
    await aborted.decide('data-diff', 'abort');
    expect(await aborted.result()).toMatchObject({ outcome: 'put-back' });
  });
});

describe.concurrent('an emergency restore from the rename on', () => {
  const passed = { definition: { approvals: { restore: { people: 0 }, loss: { people: 0 } } } };

  test.each(['put-in-place', 'roll-back-app', 'start-app', 'resume-cron-jobs'] as const)(
    'nothing unwinds by itself: %s that fails holds, without an offer to restore',
    async (step) => {
      const run = await restore({ ...passed, activities: failingAt(step, [1], 'RestoreFailed') });
      const hold = await run.hold(step);
      expect(hold.decisions).toEqual(
        step === 'resume-cron-jobs' ? ['retry', 'skip', 'abort'] : ['retry', 'abort'],
      );
      expect(hold.deadline).toBeUndefined();
      await run.decide(step, 'retry');
      expect(await run.result()).toMatchObject({ outcome: 'restored' });
      expect(run.calls('put-back')).toEqual([]);
    },
  );

  test('abort ends with writes stopped and the record kept', async () => {
    const run = await restore({ ...passed, activities: { 'roll-back-app': failing('NoFittingImage') } });
    await run.decide('roll-back-app', 'abort');
    const result = await run.result();
    expect(result).toMatchObject({ outcome: 'aborted', to: '0004' });
    expect(result.attention.join('\n')).toContain('Writes are stopped');
    expect(run.calls('report')[0]).toMatchObject({ keepRecord: true });
  });

  test('a cancel request becomes a hold before the next step', async () => {
    const latch = new Latch();
    const run = await restore({
      ...passed,
      activities: { 'put-in-place': () => latch.opened.then(() => findings['put-in-place']) },
    });
    await run.running('put-in-place');
    await run.handle.cancel();
    latch.open();
    expect((await run.hold('roll-back-app')).decisions).toEqual(['retry', 'abort']);
    await run.decide('roll-back-app', 'retry');
    expect(await run.result()).toMatchObject({ outcome: 'restored' });
  });

  test('taken up from a rollback past its downgrade, nothing is put back by itself', async () => {
    const takesUp = { operation: 'bs-99999999', pivotPassed: true } as const;
    const run = await restore({ emergency: { takesUp } });
    await run.approve('start');
    await run.gate('restore');
    const { situation } = await run.progress();
    const { consequence } = consequenceOf({ gate: 'restore', answer: 'reject' }, situation);
    expect(consequence).toContain('It ends with writes stopped');
    expect(run.calls('snapshot')).toEqual([]);
    await run.reject('restore');
    expect(await run.result()).toMatchObject({ outcome: 'aborted' });
    expect(run.calls('put-back')).toEqual([]);
  });
});
