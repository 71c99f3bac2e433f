import { describe, expect, test } from 'vitest';
import { timeSkippingServer } from '../temporal.ts';
import { failing, theatre } from './theatre.ts';

const stage = theatre(timeSkippingServer);

/** Time is skipped only while no activity runs. */
const unwatched = { 'keep-writes-stopped': () => ({ breaches: [] }) };

describe('escalation', () => {
  test('walks down the path, a rung each 15 minutes, until the budget is used up', async () => {
    const play = await stage.play({
      searchAttributes: false,
      script: { ...unwatched, 'stop-writes': () => stopped, 'back-up': failing('BackupFailed') },
      definition: { escalation: { attempts: 1, path: ['DBA', 'Senior', 'CTO', 'Vendor'] } },
    });
    expect(await play.result()).toMatchObject({ outcome: 'put-back' });
    const { escalated } = await play.progress();
    expect(escalated.map(({ to }) => to)).toEqual(['DBA', 'Senior', 'CTO', 'Vendor']);
    const minutes = escalated.map(({ at }) => Date.parse(at) / 60_000);
    for (const [index, at] of minutes.slice(1).entries())
      expect(at - (minutes[index] ?? 0)).toBeCloseTo(15, 1);
  });

  test('two hours of stopped writes escalate, as the runbook has it', async () => {
    const play = await stage.play({
      searchAttributes: false,
      script: unwatched,
      definition: { approvals: { downgrade: { people: 1, within: '3h' } } },
    });
    expect(await play.result()).toMatchObject({ outcome: 'put-back' });
    const { escalated } = await play.progress();
    expect(escalated[0]?.why).toContain('stopped for too long');
    const { writesStopped } = await play.report();
    const after = Date.parse(escalated[0]?.at ?? '') - Date.parse(writesStopped?.from ?? '');
    expect(after / 3_600_000).toBeCloseTo(2, 1);
  });
});

const stopped = { at: 't', counts: { papers: 1 }, sessionsEnded: 0, jobsEnded: [], alreadyStopped: [] };
