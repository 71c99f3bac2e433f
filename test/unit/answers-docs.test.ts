import { describe, expect, it } from 'vitest';
import { answersText } from '../../scripts/answers.ts';
import { gatesOf } from '../../src/domain/leads-to.ts';
import type { Answer, Situation } from '../../src/domain/leads-to.ts';
import type { PlanKind } from '../../src/domain/plan/plan.ts';
import { consequenceOf, outcomeOf, outcomeTitles } from '../../src/views/facts.ts';
import type { Outcome } from '../../src/domain/journal/outcome.ts';
import { pages, proseOf, textOf } from '../docs.ts';
import { situation } from '../example-journal.ts';

const says = (answer: Answer, changes: Partial<Situation> = {}) =>
  consequenceOf(answer, situation(changes)).consequence;
const kinds: PlanKind[] = ['rollback', 'emergency-restore', 'point-in-time-restore'];

const rowOf = (page: string, begins: string): string => {
  const rows = textOf(page)
    .split('\n')
    .filter((each) => each.startsWith(begins));
  expect(rows, begins).toHaveLength(1);
  return rows[0] ?? '';
};

it('the page of answers is the one that the facts give', () => {
  expect(textOf('docs/answers.md'), 'run `npm run build` and commit docs/').toBe(answersText());
});

it('has every gate of each kind, and every outcome', () => {
  for (const kind of kinds)
    for (const gate of gatesOf[kind]) expect(answersText()).toContain(`| gate \`${gate}\`: `);
  for (const outcome of Object.keys(outcomeTitles)) expect(answersText()).toContain(`| \`${outcome}\` | `);
});

describe('docs/paged.md says what happens', () => {
  const restored = { gate: 'restore', answer: 'reject' } as const;

  it.each([
    ['| gate **start** |', says({ gate: 'start', answer: 'reject' }, { writes: 'untouched' })],
    ['| gate **downgrade** |', says({ gate: 'downgrade', answer: 'expire' })],
    ['| hold **before** the downgrade |', says({ hold: 'back-up', answer: 'abort' })],
    ['| hold **after** the downgrade |', says({ hold: 'verify', answer: 'abort' }, { pivotPassed: true })],
    ['| gate **restore** of a **rollback** |', says(restored, { pivotPassed: true })],
    ['| gate **restore** of an **emergency restore** |', says(restored, { kind: 'emergency-restore' })],
    [
      '| gate **restore** of a **point-in-time restore** |',
      says(restored, { kind: 'point-in-time-restore' }),
    ],
    [
      '| **rolled-back** |',
      outcomeOf({ outcome: 'rolled-back', situation: situation({ writes: 'resumed' }) }).sentence,
    ],
  ])('%s', (begins, sentence) => {
    expect(rowOf('docs/paged.md', begins)).toContain(sentence);
  });

  it('at the deadline of a hold the same as by abort', () => {
    const gaveUp = says({ hold: 'back-up', answer: 'give-up' });
    expect(gaveUp).toBe(says({ hold: 'back-up', answer: 'abort' }));
    expect(rowOf('docs/paged.md', '| hold **before** the downgrade |')).toContain('the same as `abort`');
  });
});

it('the other pages name an outcome by its name, and leave what an answer leads to to that page', () => {
  const outcomes = new Set<Outcome>(Object.keys(outcomeTitles) as Outcome[]);
  for (const page of pages)
    for (const [, named = ''] of proseOf(page).matchAll(/^\| `(rolled-\w+|put-\w+|nothing-to-\w+)` \|/gm))
      expect(outcomes, page).toContain(named);
  for (const page of ['docs/cli.md', 'docs/identity.md', 'docs/glossary.md', 'docs/paged.md'])
    expect(textOf(page)).toContain('](answers.md)');
  for (const page of pages)
    expect(proseOf(page), page).not.toMatch(/[Rr]eject[^.|]*what was stopped is put back/);
});
