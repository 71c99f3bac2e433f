import { expect, test } from 'vitest';
import type { WorkflowRun } from './workflow-run.ts';
import { SignedMessages } from './signed-messages.ts';
import { Latch, workflowHarness } from './harness.ts';

/** Its worker takes its time with proofs. */
const harness = workflowHarness();

async function atStart(within = '1h') {
  const latch = new Latch();
  harness.beforeProof = () => latch.opened;
  const run = await harness.start({ definition: { approvals: { start: { people: 1, within } } } });
  const { hash } = await run.gate('start');
  const approval = { gate: 'start', plan: hash, by: 'ann' };
  return { run, proved: new SignedMessages(harness, run), approval, latch };
}

/** How many proofs are with the worker now. */
const checking = async ({ handle }: WorkflowRun): Promise<number> =>
  ((await handle.describe()).raw.pendingActivities ?? []).filter(
    ({ activityType }) => activityType?.name === 'check-proof',
  ).length;

test('while a proof is checked its gate may close: it is answered before the end, and counts for nothing', async () => {
  const { run, proved, approval, latch } = await atStart();
  const late = proved.refusal('approve', approval);
  await expect.poll(() => checking(run), { timeout: 10_000 }).toBe(1);
  await run.reject('start', 'bob');
  await run.until('the end', ({ outcome }) => outcome);
  latch.open();
  expect(await late).toBe('this rollback has ended');
  expect(await run.result()).toMatchObject({ outcome: 'rejected' });
  expect(run.calls('stop-writes')).toEqual([]);
});

test('a gate that expires while a proof is checked is expired', async () => {
  const { run, proved, approval, latch } = await atStart('2s');
  const late = proved.refusal('approve', approval);
  await expect.poll(() => checking(run), { timeout: 10_000 }).toBe(1);
  await run.until('the end', ({ outcome }) => outcome);
  latch.open();
  expect(await late).toContain('has ended');
  expect(await run.result()).toMatchObject({ outcome: 'rejected' });
});

test('five are checked at once, so that garbage leaves room for a bare message and writes no event', async () => {
  const { run, proved, approval, latch } = await atStart();
  const garbage = { at: '2025-11-18T03:00:00Z' };
  const many = Array.from({ length: 5 }, (_unused, index) =>
    proved.refusal('approve', { ...approval, by: `p${index}` }, [], garbage),
  );
  await expect.poll(() => checking(run), { timeout: 10_000 }).toBe(5);
  const before = (await run.handle.describe()).historyLength;
  expect(await proved.refusal('approve', approval)).toContain('too many proofs');
  expect((await run.handle.describe()).historyLength).toBe(before);
  await run.reject('start', 'bob');
  latch.open();
  for (const why of await Promise.all(many)) expect(why).toMatch(/older than five minutes|has ended|no gate/);
  expect(await run.result()).toMatchObject({ outcome: 'rejected' });
});
