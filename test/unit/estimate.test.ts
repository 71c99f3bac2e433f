import proto from '@temporalio/proto';
import { describe, expect, test } from 'vitest';
import { plain } from '../../src/views/blocks.ts';
import { plainLines } from '../../src/views/render/terminal.ts';
import { leftText, outageText, usually } from '../../src/views/status.ts';
import { waitsFor } from '../../src/cli/waits-for.ts';
import { expected, medianOf, stepTimes } from '../../src/client/expected.ts';
import { fault } from '../../src/domain/failures.ts';
import { journalOf, subject } from '../example-journal.ts';
import { examplePlan } from '../example-plan.ts';
import type { Expected } from '../../src/client.ts';
import type { StepProgress } from '../../src/views/step-progress.ts';
import { progressOf } from '../../src/views/progress.ts';

const now = Date.parse('2025-11-18T03:10:00Z');
const line = (
  step: StepProgress['step'],
  state: StepProgress['state'],
  startedAt?: string,
): StepProgress => ({
  step,
  title: step,
  state,
  try: 1,
  ...(startedAt !== undefined && { startedAt }),
});

const at = (seconds: number) => ({ seconds: seconds as never, nanos: 500_000_000 });

describe('how long a step usually takes', () => {
  const { EventType } = proto.temporal.api.enums.v1;
  const scheduled = (eventId: number, name: string, seconds: number) => ({
    eventId: eventId as never,
    eventType: EventType.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED,
    eventTime: at(seconds),
    activityTaskScheduledEventAttributes: { activityType: { name } },
  });
  const completed = (scheduledEventId: number, seconds: number) => ({
    eventId: 99 as never,
    eventType: EventType.EVENT_TYPE_ACTIVITY_TASK_COMPLETED,
    eventTime: at(seconds),
    activityTaskCompletedEventAttributes: { scheduledEventId: scheduledEventId as never },
  });

  test('is counted from its scheduling to its end; what did not end, and what is no step, counts for nothing', () => {
    const times = stepTimes([
      scheduled(5, 'back-up', 100),
      scheduled(6, 'guard-writes', 100),
      scheduled(7, 'notify', 100),
      completed(7, 101),
      completed(5, 157),
      completed(6, 300),
      scheduled(8, 'resume-cron-jobs', 200),
      completed(8, 210),
      scheduled(9, 'resume-cron-jobs', 210),
      completed(9, 230),
      scheduled(10, 'verify', 300),
    ]);
    expect([...times]).toEqual([
      ['back-up', [57_000]],
      ['resume-cron-jobs', [10_000, 20_000]],
    ]);
  });

  test('is the median, so that one night does not spoil it', () => {
    expect(medianOf([])).toBeUndefined();
    expect(medianOf([5])).toBe(5);
    expect(medianOf([1, 900_000, 3])).toBe(3);
    expect(medianOf([4, 1, 2, 900])).toBe(3);
  });

  test('is unknown where Temporal cannot tell, and never stands in the way', async () => {
    const away = { connection: { withDeadline: () => Promise.reject(new Error('away')) } };
    expect(await expected(away as never, 'radar')).toEqual({});
  });

  test('is said of what works and of what is still to come', () => {
    expect(plain(usually(line('back-up', 'running'), { 'back-up': 57_000 }))).toBe('usually 57 s');
    expect(plain(usually(line('back-up', 'to-do'), { 'back-up': 57_000 }))).toBe('usually 57 s');
    expect(plain(usually(line('back-up', 'done'), { 'back-up': 57_000 }))).toBe('');
    expect(plain(usually(line('back-up', 'running'), {}))).toBe('');
  });

  test('adds up to the work that is left; a step that takes longer than usual adds nothing', () => {
    const steps = [
      line('assess', 'done'),
      line('guard-writes', 'running', '2025-11-18T03:00:00Z'),
      line('back-up', 'running', '2025-11-18T03:09:40Z'),
      line('downgrade', 'to-do'),
    ];
    const times = { assess: 1_000, 'back-up': 57_000, downgrade: 3_000 };
    const left = (of: typeof steps, known: Expected) => plain(leftText(of, known, now) ?? 'unknown');
    expect(left(steps, times)).toBe(
      'About 40 s of work left, as it usually goes; waiting for people not counted.',
    );
    expect(left(steps, { ...times, 'back-up': 5_000 })).toMatch(/^About 3 s/);
    expect(left([...steps, line('verify', 'to-do')], times)).toContain('and 1 step nobody can tell of');
    expect(left(steps, {})).toBe('unknown');
  });
});

test('the outage is counted down, and said to be used up', () => {
  const outage = { since: '2025-11-18T03:00:00Z', budget: 7_200_000, endsAt: '2025-11-18T05:00:00Z' };
  expect(plain(outageText(outage, now), now)).toBe(
    'Writes are stopped for 10 min 00 s; the outage budget of 2 h 00 min is used up in 1 h 50 min (05:00:00 UTC).',
  );
  const late = Date.parse('2025-11-18T05:01:00Z');
  expect(plain(outageText(outage, late), late)).toBe(
    'Writes are stopped for 2 h 01 min; the outage budget of 2 h 00 min was used up at 05:00:00 UTC.',
  );
});

test('a hold names the related runbooks of the definition', () => {
  const plan = examplePlan(
    {},
    { relatedRunbooks: [{ title: 'Worker Failure', url: './WORKER_FAILURE.md' }] },
  );
  const journal = journalOf({
    kind: 'hold-opened',
    hold: 'verify-1',
    step: 'verify',
    fault: fault('VerificationFailed', 'one row is missing'),
    decisions: ['retry'],
    byHand: [],
  });
  const progress = progressOf(journal, subject(plan));
  expect(plainLines(waitsFor(progress))).toContain('  Related runbook: Worker Failure, ./WORKER_FAILURE.md');
  expect(progressOf(journal, subject()).hold).not.toHaveProperty('runbooks');
});
