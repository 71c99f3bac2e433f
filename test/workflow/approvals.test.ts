import { describe, expect, test } from 'vitest';
import { findings } from '../example-plan.ts';
import { Latch, workflowHarness } from './harness.ts';

const harness = workflowHarness();
const other = 'ffffffffffff';

describe.concurrent('gates', () => {
  test('law 5: an approval for another hash counts for nothing and is told why', async () => {
    const run = await harness.start();
    const { hash } = await run.gate('downgrade');
    const stale = { gate: 'downgrade', plan: other, by: 'ann' };
    expect(await run.refusal('approve', stale)).toContain(`this gate is for plan ${hash}, not ${other}`);
    await run.handle.signal('approve', stale);
    const [ignored] = await run.until('the ignored signal', (now) => now.ignored.length > 0 && now.ignored);
    expect(ignored).toMatchObject({
      message: 'approve',
      by: 'ann',
      why: expect.stringContaining(hash) as string,
    });
    expect(run.calls('downgrade')).toEqual([]);
    await run.approve('downgrade');
    expect(await run.result()).toMatchObject({ outcome: 'rolled-back' });
  });

  test('law 5: a decision that comes before its gate counts for nothing', async () => {
    const latch = new Latch();
    const run = await harness.start({
      activities: {
        'stop-writes': async () => {
          await latch.opened;
          return findings['stop-writes'];
        },
      },
    });
    await run.running('stop-writes');
    await run.handle.signal('approve', { gate: 'downgrade', plan: other, by: 'ann' });
    const [ignored] = await run.until('the ignored signal', (now) => now.ignored.length > 0 && now.ignored);
    expect(ignored?.why).toContain('no gate is open');
    latch.open();
    await run.gate('downgrade');
    expect(run.calls('downgrade')).toEqual([]);
    await run.reject('downgrade');
    expect(await run.result()).toMatchObject({ outcome: 'put-back' });
  });

  test('law 5: a verdict for another gate than the open one is refused', async () => {
    const run = await harness.start();
    const { hash } = await run.gate('downgrade');
    expect(await run.refusal('approve', { gate: 'restore', plan: hash, by: 'ann' })).toContain(
      "the open gate is 'downgrade'",
    );
    await run.reject('downgrade');
    await run.result();
  });

  test('law 5: the hash changes with the findings', async () => {
    const first = await harness.start();
    const second = await harness.start({
      activities: {
        'stop-writes': () => ({ ...findings['stop-writes'], counts: { papers: 99 } }),
      },
    });
    expect((await first.gate('downgrade')).hash).not.toBe((await second.gate('downgrade')).hash);
    await Promise.all([first.reject('downgrade'), second.reject('downgrade')]);
    await Promise.all([first.result(), second.result()]);
  });

  test('base needs two different people, however one of them writes the own name', async () => {
    const run = await harness.start({ plan: { target: 'base', people: 2 } });
    const { hash, people } = await run.gate('downgrade');
    expect(people).toBe(2);
    expect(await run.approve('downgrade', 'ann')).toContain('1 more person needed');
    expect(await run.refusal('approve', { gate: 'downgrade', plan: hash, by: ' Ann ' })).toContain(
      'another person',
    );
    expect(await run.refusal('approve', { gate: 'downgrade', plan: hash, by: '  ' })).toContain('by: ');
    expect(run.calls('downgrade')).toEqual([]);
    expect(await run.approve('downgrade', 'bob')).toContain('is passed');
    expect(await run.result()).toMatchObject({ outcome: 'rolled-back' });
    const { decisions } = await run.report();
    expect(decisions.filter(({ what }) => what === 'approved gate downgrade')).toMatchObject([
      { by: 'ann', proof: 'self-asserted', hash },
      { by: 'bob', proof: 'self-asserted', hash },
    ]);
  });

  test('an approval by signal counts like one by update', async () => {
    const run = await harness.start();
    const { hash } = await run.gate('downgrade');
    await run.handle.signal('approve', { gate: 'downgrade', plan: hash, by: 'ann' });
    expect(await run.result()).toMatchObject({ outcome: 'rolled-back' });
  });

  test('gate start needs people where the policy says so; rejected, nothing is touched', async () => {
    const run = await harness.start({ definition: { approvals: { start: { people: 1 } } } });
    const { shows } = await run.gate('start');
    expect(shows).toContain('Database: 0005 → 0004');
    expect(shows.join('\n')).toContain('HorizontalPodAutoscaler');
    await run.reject('start');
    expect(await run.result()).toMatchObject({
      outcome: 'rejected',
      reason: expect.stringContaining('ann') as string,
    });
    expect(run.calls('stop-writes')).toEqual([]);
    expect(run.calls('put-back')).toEqual([]);
    expect(run.calls('report')[0]).toMatchObject({ keepRecord: true });
  });

  test('gate start that expires touches nothing', async () => {
    const run = await harness.start({ definition: { approvals: { start: { people: 1, within: '300ms' } } } });
    expect(await run.result()).toMatchObject({
      outcome: 'rejected',
      reason: expect.stringContaining('expired') as string,
    });
    expect(run.calls('stop-writes')).toEqual([]);
  });

  test('gate downgrade that expires puts back, and never downgrades', async () => {
    const run = await harness.start({
      definition: { approvals: { downgrade: { people: 1, within: '300ms' } } },
    });
    expect(await run.result()).toMatchObject({
      outcome: 'put-back',
      reason: expect.stringContaining('expired') as string,
    });
    expect(run.calls('downgrade')).toEqual([]);
    expect(run.calls('put-back')).toHaveLength(1);
    expect(run.calls('report')[0]).toMatchObject({ outcome: 'put-back', keepRecord: false });
  });

  test('a gate that needs nobody is passed by policy, and the report says so', async () => {
    const run = await harness.start({ plan: { people: 0 } });
    expect(await run.result()).toMatchObject({ outcome: 'rolled-back' });
    const { decisions } = await run.report();
    expect(decisions).toContainEqual(
      expect.objectContaining({ what: 'gate downgrade needed nobody', proof: 'policy' }),
    );
  });

  test('law 4: gate start shows what somebody had stopped by hand already', async () => {
    const run = await harness.start({
      definition: { approvals: { start: { people: 1 } } },
      plan: {
        workloads: [{ deployment: 'radar-api', found: { replicas: 0, image: 'i' }, wanted: { replicas: 2 } }],
        cronJobs: [{ name: 'hourly', found: { suspended: true, image: 'i' }, wanted: { suspended: false } }],
      },
    });
    const shows = (await run.gate('start')).shows.join('\n');
    expect(shows).toContain('radar-api: found stopped already (0 replicas), wanted 2');
    expect(shows).toContain('CronJob hourly: found suspended already');
    await run.reject('start');
    await run.result();
  });
});

describe.concurrent('messages', () => {
  test('200 garbage signals do not wedge the workflow', async () => {
    const run = await harness.start();
    const { hash } = await run.gate('downgrade');
    const garbage = [
      undefined,
      null,
      7,
      'approve',
      [],
      {},
      { gate: 'downgrade' },
      { gate: {}, plan: hash, by: 'x' },
    ];
    for (let sent = 0; sent < 200; sent += 20)
      await Promise.all(
        Array.from({ length: 20 }, (_unused, index) =>
          run.handle.signal(
            ['approve', 'reject', 'decide', 'acknowledge'][index % 4] ?? '',
            garbage[(sent + index) % 8],
          ),
        ),
      );
    await run.handle.signal('no-such-message', { any: 'thing' });
    await run.approve('downgrade');
    expect(await run.result()).toMatchObject({ outcome: 'rolled-back' });
    const { ignored } = await run.report();
    expect(ignored).toHaveLength(50);
    expect(ignored.at(-1)?.why).toContain('further ignored messages are not listed');
  });

  test('a signal whose payload is no JSON does not wedge the workflow', async () => {
    const run = await harness.start();
    await run.gate('downgrade');
    const payload = { metadata: { encoding: Buffer.from('json/plain') }, data: Buffer.from('{"gate":') };
    const unknown = { metadata: { encoding: Buffer.from('binary/own') }, data: Buffer.from([1, 2, 3]) };
    for (const payloads of [[payload], [unknown], [payload, payload], []])
      await harness.environment.client.workflowService.signalWorkflowExecution({
        namespace: 'default',
        workflowExecution: { workflowId: run.handle.workflowId },
        signalName: 'approve',
        input: { payloads },
      });
    const ignored = await run.until('four ignored', (now) => now.ignored.length === 4 && now.ignored);
    expect(ignored[0]?.why).toBe('what was sent is no JSON');
    await run.approve('downgrade');
    expect(await run.result()).toMatchObject({ outcome: 'rolled-back' });
  });

  test('a refused update writes no event', async () => {
    // At gate start, since a heartbeat of guard-writes that falls into the update makes the server write its task.
    const run = await harness.start({ definition: { approvals: { start: { people: 1 } } } });
    const { hash } = await run.gate('start');
    const before = (await run.handle.describe()).historyLength;
    await run.refusal('approve', { gate: 'start', plan: other, by: 'ann' });
    await run.refusal('approve', { gate: 'start', plan: hash });
    await run.refusal('decide', { hold: 'verify-1', decision: 'retry', by: 'ann' });
    expect((await run.handle.describe()).historyLength).toBe(before);
    await run.reject('start');
    await run.result();
  });

  test('an acknowledgement tells the others who is on it', async () => {
    const run = await harness.start();
    await run.gate('downgrade');
    await run.handle.signal('acknowledge', { by: 'bob' });
    expect(await run.until('bob', (now) => now.acknowledgedBy.length > 0 && now.acknowledgedBy)).toEqual([
      'bob',
    ]);
    expect(await run.refusal('acknowledge', { by: 'Bob' })).toContain('already');
    await run.reject('downgrade');
    await run.result();
  });
});
