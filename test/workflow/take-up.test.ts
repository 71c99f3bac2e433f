import { randomUUID } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { findings } from '../example-plan.ts';
import { failing, workflowHarness } from './harness.ts';

const harness = workflowHarness();
const pivotPassed = { takesUp: { operation: 'bs-99999999', pivotPassed: true } } as const;
const pivotAhead = { takesUp: { operation: 'bs-99999999', pivotPassed: false } } as const;

describe.concurrent('taking up an operation that ended before its end', () => {
  test('after its pivot gate start needs a person, whatever the policy says', async () => {
    const run = await harness.start({ plan: pivotPassed });
    const { people, shows } = await run.gate('start');
    expect(people).toBe(1);
    expect(shows[0]).toBe('Takes up the unfinished operation bs-99999999, whose downgrade had begun');
    await run.approve('start');
    await run.approve('downgrade');
    expect(await run.result()).toMatchObject({ outcome: 'rolled-back' });
    expect(run.calls('put-back')).toEqual([]);
  });

  test('after its pivot a refusal leaves writes stopped and the record as it is', async () => {
    const run = await harness.start({ plan: pivotPassed });
    await run.reject('start');
    expect(await run.result()).toMatchObject({ outcome: 'aborted' });
    expect(run.calls('stop-writes')).toEqual([]);
    expect(run.calls('put-back')).toEqual([]);
    expect(run.calls('report')[0]).toMatchObject({ keepRecord: true });
  });

  test('after its pivot nothing is put back by itself: a failure holds', async () => {
    const run = await harness.start({
      plan: pivotPassed,
      activities: {
        'stop-writes': (_input, call) =>
          call === 1 ? failing('WritesNotStopped')() : findings['stop-writes'],
        'back-up': (_input, call) => (call === 1 ? failing('BackupFailed')() : findings['back-up']),
      },
    });
    await run.approve('start');
    expect(await run.hold('stop-writes')).toMatchObject({ decisions: ['retry', 'abort'] });
    await run.decide('stop-writes', 'retry');
    expect((await run.hold('back-up')).deadline).toBeUndefined();
    await run.decide('back-up', 'retry');
    await run.reject('downgrade');
    expect(await run.result()).toMatchObject({
      outcome: 'aborted',
      reason: expect.stringContaining('ann') as string,
    });
    expect(run.calls('put-back')).toEqual([]);
  });

  test('before its pivot it goes the ordinary way, back included', async () => {
    const run = await harness.start({ plan: pivotAhead });
    await run.reject('downgrade');
    expect(await run.result()).toMatchObject({ outcome: 'put-back' });
    expect(run.calls('put-back')).toHaveLength(1);
  });

  test('refused at gate start before its pivot, it says that things stay stopped', async () => {
    const run = await harness.start({
      plan: pivotAhead,
      definition: { approvals: { start: { people: 1 } } },
    });
    await run.reject('start');
    expect(await run.result()).toMatchObject({
      outcome: 'rejected',
      reason: expect.stringContaining('bs-99999999 stopped stays stopped') as string,
    });
  });
});

describe.concurrent('a reset in the Temporal UI', () => {
  test('law 8: keeps the operation id, and asks the same activities with the same try', async () => {
    const run = await harness.start();
    await run.approve('downgrade');
    await run.result();
    const history = await run.handle.fetchHistory();
    const events = history.events ?? [];
    const downgraded = events.findIndex(
      (event) => event.activityTaskScheduledEventAttributes?.activityType?.name === 'downgrade',
    );
    const task = events.slice(0, downgraded).findLast((event) => event.workflowTaskCompletedEventAttributes);
    const { client } = harness.environment;
    const workflowId = run.handle.workflowId;
    await client.workflowService.resetWorkflowExecution({
      namespace: 'default',
      workflowExecution: { workflowId, runId: (await run.handle.describe()).runId },
      workflowTaskFinishEventId: task?.eventId ?? null,
      requestId: randomUUID(),
      reason: 'the test resets before the downgrade',
    });
    const service = workflowId.replace('backstep-', '');
    const again = harness.follow(client.workflow.getHandle(workflowId), service);
    // The server applies the approval again; it is for the same plan and findings, so it counts.
    expect(await again.result()).toMatchObject({ outcome: 'rolled-back' });
    const [first, second] = run.calls('downgrade');
    expect(second).toMatchObject({
      plan: { operation: first?.plan.operation },
      approved: first?.approved,
      try: 1,
    });
  });
});
