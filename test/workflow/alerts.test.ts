import { describe, expect, test } from 'vitest';
import { annotationsKept } from '../../src/domain/approval/messages.ts';
import { workflowHarness } from './harness.ts';
import type { ServiceSetup } from './harness.ts';

const harness = workflowHarness();

const alert = { source: 'alertmanager', name: 'RadarDown', fingerprint: 'f1', rule: 0 } as const;
const at = '2025-11-18T02:41:00Z';
const said = (status: 'firing' | 'resolved', fingerprint = 'f1') => ({
  source: 'alertmanager',
  fingerprint,
  status,
  text: `RadarDown is ${status}`,
  at,
});

type Triggers = NonNullable<NonNullable<ServiceSetup['definition']>['triggers']>;
const rule = (more: Partial<Triggers[number]> = {}): Triggers => [
  { source: 'alertmanager', match: { service: 'radar' }, ...more },
];

const byAlert = (triggers: Triggers, request: object = { alert }) =>
  harness.start({ request, definition: { triggers } });

describe.concurrent('a rollback that an alert began', () => {
  test('waits at gate start for a person, although the policy needs nobody there', async () => {
    const run = await byAlert(rule());
    expect(await run.gate('start')).toMatchObject({ people: 1 });
    expect(run.calls('stop-writes')).toEqual([]);
    await run.reject('start');
    expect(await run.result()).toMatchObject({ outcome: 'rejected' });
  });

  test.each([
    ['names no rule', { source: 'alertmanager', fingerprint: 'f1' }],
    ['names a rule that is not there', { source: 'alertmanager', fingerprint: 'f1', rule: 7 }],
    ['comes from another source than the rule', { source: 'generic', fingerprint: 'f1', rule: 0 }],
  ])('waits for a person where the alert %s', async (_what, alert) => {
    const run = await byAlert(rule({ begins: 'at-once' }), { alert });
    expect(await run.gate('start')).toMatchObject({ people: 1 });
    await run.reject('start');
    await run.result();
  });

  test('self-approval refused: nobody proved the alert, so whoever wrote it cannot approve alone', async () => {
    const run = await harness.start({
      request: { alert },
      definition: { triggers: rule(), approvals: { selfApproval: 'refuse' } },
    });
    expect(await run.gate('start')).toMatchObject({ people: 2 });
    await run.reject('start');
    await run.result();
  });
});

describe.concurrent('annotations', () => {
  test('an alert that is resolved is noted and shown, and cancels nothing', async () => {
    const run = await byAlert(rule());
    await run.gate('start');
    const answer = await run.handle.executeUpdate<{ message: string }, [object]>('annotate', {
      args: [said('resolved')],
    });
    expect(answer.message).toContain('goes on as it was');
    const { annotations, gate } = await run.progress();
    expect(annotations).toMatchObject([
      { source: 'alertmanager', fingerprint: 'f1', status: 'resolved', text: 'RadarDown is resolved' },
    ]);
    expect(gate?.gate).toBe('start');
    await run.approve('start');
    await run.approve('downgrade');
    expect(await run.result()).toMatchObject({ outcome: 'rolled-back' });
    const lines = (await run.report()).timeline.map(({ what }) => what);
    expect(lines).toContain('alert alertmanager f1 resolved: RadarDown is resolved');
  });

  test('by signal too', async () => {
    const run = await byAlert(rule());
    await run.gate('start');
    await run.handle.signal('annotate', said('firing', 'f2'));
    await run.until('the annotation', ({ annotations }) => annotations.length === 1);
    await run.reject('start');
    await run.result();
  });

  test('a repeat writes no event, and neither does the alert that began it', async () => {
    const run = await byAlert(rule());
    await run.gate('start');
    await run.handle.executeUpdate('annotate', { args: [said('resolved')] });
    const before = (await run.handle.describe()).historyLength;
    expect(await run.refusal('annotate', said('resolved'))).toContain('noted as resolved already');
    expect(await run.refusal('annotate', said('firing'))).toContain('noted as firing already');
    expect(await run.refusal('annotate', { ...said('firing'), text: 'x'.repeat(501) })).toContain('text');
    expect((await run.handle.describe()).historyLength).toBe(before);
    await run.reject('start');
    await run.result();
  });

  test('a flood of alerts does not fill the journal', async () => {
    const run = await byAlert(rule());
    await run.gate('start');
    for (let sent = 0; sent < annotationsKept; sent += 10)
      await Promise.all(
        Array.from({ length: 10 }, (_unused, index) =>
          run.handle.executeUpdate('annotate', { args: [said('firing', `flood-${sent + index}`)] }),
        ),
      );
    expect(await run.refusal('annotate', said('firing', 'one-more'))).toContain('no more are');
    expect((await run.progress()).annotations).toHaveLength(annotationsKept);
    await run.reject('start');
    await run.result();
  });
});

describe.concurrent('the write outage budget', () => {
  test('is counted down from the stop of writes until they resume', async () => {
    const run = await harness.start({ definition: { writeOutageBudget: '90m' } });
    const outage = await run.until('the outage', ({ outage, gate }) => gate && outage);
    expect(outage.budget).toBe(90 * 60_000);
    expect(Date.parse(outage.endsAt) - Date.parse(outage.since)).toBe(outage.budget);
    await run.approve('downgrade');
    await run.result();
    expect((await run.progress()).outage).toBeUndefined();
  });
});
