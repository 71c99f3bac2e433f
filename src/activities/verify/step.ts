import type { Rehearsal } from '../../domain/rehearsal.ts';
import { minutes, step, summarized } from '../../domain/step.ts';
import type { Tried } from '../../domain/step.ts';
import { count, rowsByTable } from '../../domain/text.ts';
import type { StoppedWrites } from '../stop-writes/step.ts';

export interface VerifyInput extends Tried {
  stopped: StoppedWrites;
  rehearsal: Rehearsal;
}

export interface Verification {
  revision: string;
  counts: Record<string, number>;
  /** What was compared, in words, for people. */
  checked: string[];
  notVerified: string[];
  /** Tables that the downgrade drops, with the rows they held after the stop. */
  dropped: Record<string, number>;
}

export const verify = step<VerifyInput, Verification>()({
  name: 'verify',
  title: 'Verify the rollback',
  section: 'Step 5: Verify Rollback',
  onFailure: 'hold',
  decisions: ['retry', 'restore', 'abort'],
  retried:
    'The database is checked again; nothing is changed. It helps only where data was fixed by hand, or a check was wrong.',
  limits: { within: minutes(60), perGigabyte: minutes(1) },
  summary: (found) =>
    summarized(
      `At ${found.revision}; ${rowsByTable(found.counts)}; ${count(found.checked.length, 'check')} passed`,
      [...found.checked, ...found.notVerified.map((what) => `Not verified: ${what}`)],
    ),
  countsAtEnd: ({ counts }) => counts,
});
