import { perform } from '../../src/activities/activity-function.ts';
import { describe, expect, test } from 'vitest';
import type { Attempt, Dependencies } from '../../src/activities/context.ts';
import { salvage } from '../../src/activities/salvage/activity.ts';
import type { NotRehearsed } from '../../src/domain/rehearsal.ts';
import { reportMarkdown } from '../../src/views/report/documents.ts';
import { reportOf } from '../../src/views/report/report.ts';
import { loses } from '../../src/domain/salvage.ts';
import { done, journalOf, subject } from '../example-journal.ts';
import { examplePlan } from '../example-plan.ts';

const because = (why: string, more: Partial<NotRehearsed> = {}): NotRehearsed => ({
  rehearsed: false,
  why,
  ...more,
});
/** Nothing here may be reached for. */
const [dependencies, attempt] = [{} as Dependencies, {} as Attempt];
const first = { losses: [{ kind: 'table' as const, object: 'scores', rows: 7 }], unknown: [] };

describe('law 1: a loss that was not measured counts as a loss', () => {
  test('where no copy could be made and the estimate of losses names nothing', async () => {
    const rehearsal = because('no room');
    const found = await perform(
      salvage,
      { ...dependencies, ...attempt },
      { plan: examplePlan(), try: 1, rehearsal },
    );
    expect(found).toMatchObject({ lost: [], unknown: 'not rehearsed, no room' });
    expect(loses(found)).toBe(true);
    const text = reportMarkdown(reportOf(journalOf(...done('salvage', found)), subject()));
    expect(text).toContain('Loss unknown: not rehearsed, no room. This counts as a loss');
    expect(text).not.toContain('Nothing is lost');
  });

  test('where the definition keeps nothing, whatever the estimate of losses names', async () => {
    const plan = examplePlan({}, { salvage: { use: 'never' } });
    const rehearsal = because('the definition says rehearsal.use: never');
    expect(
      loses(await perform(salvage, { ...dependencies, ...attempt }, { plan, try: 1, rehearsal, first })),
    ).toBe(true);
  });

  test('not where the database is at the target already: then nothing is moved', async () => {
    const rehearsal = because('the database is at 0004 already', { there: true });
    const found = await perform(
      salvage,
      { ...dependencies, ...attempt },
      { plan: examplePlan(), try: 1, rehearsal, first },
    );
    expect(loses(found)).toBe(false);
  });
});
