import { describe, expect, test } from 'vitest';
import type { Assessment } from '../../src/domain/plan/plan.ts';
import { nothingSalvaged } from '../../src/domain/salvage.ts';
import { assessed, workflowHarness } from './harness.ts';

const harness = workflowHarness();

describe.concurrent('losses at gate downgrade', () => {
  test('law 1: what is lost and was not salvaged needs two different people', async () => {
    const losses = [{ kind: 'column', object: 'papers.score', rows: 100, values: 60 }] as const;
    const salvage = { salvaged: [], lost: [...losses], notes: ['no room'] };
    const run = await harness.start({ activities: { salvage: () => salvage } });
    const { people, shows } = await run.gate('downgrade');
    expect(people).toBe(2);
    expect(shows.join(' ')).toContain('Will be lost: column papers.score');
    await run.approve('downgrade', 'ann');
    expect(run.calls('downgrade')).toEqual([]);
    await run.approve('downgrade', 'bob');
    expect(await run.result()).toMatchObject({ outcome: 'rolled-back' });
  });

  test('law 1: a loss that nobody could measure needs two different people, and what assess named is kept', async () => {
    const dataDiff = { losses: [{ kind: 'table', object: 'scores', rows: 7 }], unknown: [] } as const;
    const diagnosis = { advice: 'unsure', because: 'no symptom', signs: [], notSeen: [] } as const;
    const run = await harness.start({
      activities: {
        assess: (input) => {
          const planned = assessed({}, input) as Extract<Assessment, { kind: 'planned' }>;
          const first = { losses: [...dataDiff.losses], unknown: [] };
          const seen = { ...diagnosis, signs: [], notSeen: [], estimated: first };
          return { ...planned, observations: { ...planned.observations, diagnosis: seen } };
        },
        rehearse: () => ({ rehearsed: false, why: 'no copy could be made: no room' }),
        salvage: ({ rehearsal }) => nothingSalvaged(rehearsal),
      },
    });
    const { people, shows } = await run.gate('downgrade');
    expect(people).toBe(2);
    expect(shows.join(' ')).toContain(
      'Loss unknown: not rehearsed, no copy could be made: no room. This counts as a loss',
    );
    expect(run.calls('salvage')[0]).toMatchObject({ first: dataDiff });
    await run.approve('downgrade', 'ann');
    expect(run.calls('downgrade')).toEqual([]);
    await run.approve('downgrade', 'bob');
    expect(await run.result()).toMatchObject({ outcome: 'rolled-back' });
  });

  test('where the database is at the target already, nothing can be lost, and one person is enough', async () => {
    const there = { rehearsed: false, why: 'the database is at 0004 already', there: true } as const;
    const run = await harness.start({
      activities: { rehearse: () => there, salvage: ({ rehearsal }) => nothingSalvaged(rehearsal) },
    });
    expect((await run.gate('downgrade')).people).toBe(1);
    await run.approve('downgrade', 'ann');
    expect(await run.result()).toMatchObject({ outcome: 'rolled-back' });
  });
});
