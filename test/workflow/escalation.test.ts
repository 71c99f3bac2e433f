import { describe, expect, test } from 'vitest';
import { timeSkippingServer } from '../temporal.ts';
import type { WorkflowRun } from './workflow-run.ts';
import { failing, workflowHarness } from './harness.ts';

const harness = workflowHarness(timeSkippingServer);
const live = workflowHarness();

/** Whom the escalation reached, each with the minutes since the one before. */
async function waits(run: WorkflowRun): Promise<string[]> {
  const { escalated } = await run.progress();
  return escalated.map(({ to, at }, index) => {
    const before = escalated[index - 1];
    return before ? `${to} +${Math.round((Date.parse(at) - Date.parse(before.at)) / 60_000)}` : to;
  });
}

/** Time is skipped only while no activity runs. */
const unwatched = { 'guard-writes': () => ({ breaches: [] }) };

describe('law 11: a step has an end in sight', () => {
  test('what the world never lets end is given up when its time is over', async () => {
    const run = await harness.start({
      searchAttributes: false,
      activities: { ...unwatched, 'stop-writes': failing('DatabaseUnreachable') },
    });
    expect(await run.result()).toMatchObject({
      outcome: 'put-back',
      reason: expect.stringContaining('DatabaseUnreachable') as string,
    });
    expect(run.calls('stop-writes').length).toBeGreaterThan(50);
    const [stopping] = (await run.progress()).steps.filter(({ step }) => step === 'stop-writes');
    const { startedAt = '', endedAt = '' } = stopping ?? {};
    const minutes = (Date.parse(endedAt) - Date.parse(startedAt)) / 60_000;
    // A quarter of an hour, one minute for the first gigabyte, grace and quiet time.
    expect(minutes).toBeGreaterThan(15);
    expect(minutes).toBeLessThan(18);
  });

  test('what nobody foresaw is tried five times, each of them in the journal', async () => {
    const run = await harness.start({
      searchAttributes: false,
      activities: { ...unwatched, 'stop-writes': failing('Unexpected') },
    });
    expect(await run.result()).toMatchObject({ outcome: 'put-back' });
    expect(run.calls('stop-writes').map((input) => 'try' in input && input.try)).toEqual([1, 2, 3, 4, 5]);
    expect((await run.progress()).escalated).not.toEqual([]);
  });
});

describe('law 11: a gate that nobody answers while the application is down', () => {
  const path = ['DBA', 'Senior', 'CTO', 'Vendor'];

  test('calls the path after `every`, a level each time, until it expires', async () => {
    const run = await harness.start({
      searchAttributes: false,
      activities: unwatched,
      definition: {
        approvals: { downgrade: { people: 1, within: '40m' } },
        escalation: { every: '15m', path },
      },
    });
    expect(await run.result()).toMatchObject({ outcome: 'put-back' });
    expect(await waits(run)).toEqual(['DBA', 'Senior +15']);
    const { escalated } = await run.progress();
    expect(escalated[0]?.why).toBe('Nobody answers at gate downgrade, and the application is down.');
  });

  test('calls nobody while somebody is on it', async () => {
    const run = await live.start({ definition: { escalation: { every: '2s', path } } });
    await run.gate('downgrade');
    await run.handle.executeUpdate('acknowledge', { args: [{ by: 'dba' }] });
    await new Promise((resolve) => setTimeout(resolve, 3_000));
    expect((await run.progress()).escalated).toEqual([]);
    await run.approve('downgrade');
    expect(await run.result()).toMatchObject({ outcome: 'rolled-back' });
  });

  test('calls nobody where nothing is stopped', async () => {
    const run = await harness.start({
      searchAttributes: false,
      activities: unwatched,
      definition: { approvals: { start: { people: 1, within: '40m' } }, escalation: { every: '15m', path } },
    });
    expect(await run.result()).toMatchObject({ outcome: 'rejected' });
    expect((await run.progress()).escalated).toEqual([]);
  });
});

describe('escalation', () => {
  test('walks down the path, a level each 15 minutes, until the budget is used up', async () => {
    const run = await harness.start({
      searchAttributes: false,
      activities: { ...unwatched, 'back-up': failing('BackupFailed') },
      definition: { escalation: { attempts: 1, path: ['DBA', 'Senior', 'CTO', 'Vendor'] } },
    });
    expect(await run.result()).toMatchObject({ outcome: 'put-back' });
    const { escalated } = await run.progress();
    expect(escalated.map(({ to }) => to)).toEqual(['DBA', 'Senior', 'CTO', 'Vendor', 'Vendor']);
    expect(escalated.at(-1)?.why).toContain('stopped for too long');
    const minutes = escalated.slice(0, 4).map(({ at }) => Date.parse(at) / 60_000);
    for (const [index, at] of minutes.slice(1).entries())
      expect(at - (minutes[index] ?? 0)).toBeCloseTo(15, 1);
  });

  test('two hours of stopped writes escalate, as the runbook has it', async () => {
    const run = await harness.start({
      searchAttributes: false,
      activities: unwatched,
      definition: { approvals: { downgrade: { people: 1, within: '3h' } } },
    });
    expect(await run.result()).toMatchObject({ outcome: 'put-back' });
    const { escalated } = await run.progress();
    const late = escalated.find(({ why }) => why.includes('stopped for too long'));
    const { writesStopped } = await run.report();
    const after = Date.parse(late?.at ?? '') - Date.parse(writesStopped?.from ?? '');
    expect(after / 3_600_000).toBeCloseTo(2, 1);
  });

  test("a escalation path of the definition's own: `every`, and a level that is told after a time of its own", async () => {
    const path = ['DBA', { who: 'Senior' }, { who: 'CTO', after: '40m' }, 'Vendor'];
    const run = await harness.start({
      searchAttributes: false,
      activities: { ...unwatched, 'back-up': failing('BackupFailed') },
      definition: { escalation: { attempts: 1, every: '5m', path } },
    });
    expect(await run.result()).toMatchObject({ outcome: 'put-back' });
    expect((await waits(run)).slice(0, 4)).toEqual(['DBA', 'Senior +5', 'CTO +40', 'Vendor +5']);
  });
});

describe('the runbook escalates', () => {
  test('data corruption that cannot be fixed: verify fails again after a retry, whatever `attempts` says', async () => {
    const run = await live.start({
      definition: { escalation: { attempts: 9, path: ['DBA'] } },
      activities: { verify: failing('VerificationFailed') },
    });
    await run.approve('downgrade');
    await run.decide('verify', 'retry');
    await run.until('verify-2', ({ hold }) => hold?.hold === 'verify-2');
    expect((await run.progress()).escalated).toMatchObject([
      { to: 'DBA', why: 'The data could not be repaired: step verify failed 2 times.' },
    ]);
    await run.decide('verify', 'abort');
    await run.result();
  });

  test('a put-back that fails, for then nothing is as it was', async () => {
    const run = await live.start({ activities: { 'put-back': failing('PutBackFailed') } });
    await run.reject('downgrade');
    await run.hold('put-back');
    const { escalated } = await run.progress();
    expect(escalated).toMatchObject([{ why: 'The restore failed: step put-back.' }]);
  });

  test('again to the last level once the path is used up: what fails then is new, and nobody else is left', async () => {
    const run = await live.start({
      definition: { escalation: { attempts: 1, path: ['DBA'] } },
      activities: { verify: failing('VerificationFailed') },
    });
    await run.approve('downgrade');
    await run.decide('verify', 'retry');
    await run.until('verify-2', ({ hold }) => hold?.hold === 'verify-2');
    expect((await run.progress()).escalated).toMatchObject([
      { to: 'DBA', why: 'Step verify failed 1 times.' },
      { to: 'DBA', why: 'The data could not be repaired: step verify failed 2 times.' },
    ]);
    await run.decide('verify', 'abort');
    await run.result();
  });

  test('no further while somebody is on it; a later failure goes on with the next level', async () => {
    const run = await live.start({
      definition: { escalation: { attempts: 1, path: ['DBA', 'Senior', 'CTO'] } },
      activities: { verify: failing('VerificationFailed') },
    });
    await run.approve('downgrade');
    await run.hold('verify');
    await run.handle.executeUpdate('acknowledge', { args: [{ by: 'dba' }] });
    await run.decide('verify', 'retry');
    await run.until('verify-2', ({ hold }) => hold?.hold === 'verify-2');
    expect((await run.progress()).escalated.map(({ to }) => to)).toEqual(['DBA', 'Senior']);
    await run.decide('verify', 'abort');
    await run.result();
  });
});
