import { expect, test } from 'vitest';
import type { Play } from './play.ts';
import { Proved } from './proved.ts';
import { Latch, theatre } from './theatre.ts';

/** Its worker takes its time with proofs. */
const stage = theatre();

async function atStart(within = '1h') {
  const latch = new Latch();
  stage.beforeProof = () => latch.opened;
  const play = await stage.play({ definition: { approvals: { start: { people: 1, within } } } });
  const { hash } = await play.gate('start');
  const approval = { gate: 'start', plan: hash, by: 'ann' };
  return { play, proved: new Proved(stage, play), approval, latch };
}

/** How many proofs are with the worker now. */
const checking = async ({ handle }: Play): Promise<number> =>
  ((await handle.describe()).raw.pendingActivities ?? []).filter(
    ({ activityType }) => activityType?.name === 'check-proof',
  ).length;

test('while a proof is checked its gate may close: it is answered before the end, and counts for nothing', async () => {
  const { play, proved, approval, latch } = await atStart();
  const late = proved.refusal('approve', approval);
  await expect.poll(() => checking(play), { timeout: 10_000 }).toBe(1);
  await play.reject('start', 'bob');
  await play.until('the end', ({ outcome }) => outcome);
  latch.open();
  expect(await late).toBe('this rollback has ended');
  expect(await play.result()).toMatchObject({ outcome: 'rejected' });
  expect(play.calls('stop-writes')).toEqual([]);
});

test('a gate that expires while a proof is checked is expired', async () => {
  const { play, proved, approval, latch } = await atStart('2s');
  const late = proved.refusal('approve', approval);
  await expect.poll(() => checking(play), { timeout: 10_000 }).toBe(1);
  await play.until('the end', ({ outcome }) => outcome);
  latch.open();
  expect(await late).toContain('has ended');
  expect(await play.result()).toMatchObject({ outcome: 'rejected' });
});

test('five are checked at once, so that garbage leaves room for a bare message and writes no event', async () => {
  const { play, proved, approval, latch } = await atStart();
  const garbage = { at: '2025-11-18T03:00:00Z' };
  const many = Array.from({ length: 5 }, (_unused, index) =>
    proved.refusal('approve', { ...approval, by: `p${index}` }, [], garbage),
  );
  await expect.poll(() => checking(play), { timeout: 10_000 }).toBe(5);
  const before = (await play.handle.describe()).historyLength;
  expect(await proved.refusal('approve', approval)).toContain('too many proofs');
  expect((await play.handle.describe()).historyLength).toBe(before);
  await play.reject('start', 'bob');
  latch.open();
  for (const why of await Promise.all(many)) expect(why).toMatch(/older than five minutes|has ended|no gate/);
  expect(await play.result()).toMatchObject({ outcome: 'rejected' });
});
