import { named, utc } from '../../domain/text.ts';
import type { Pause } from '../../domain/plan/pauses.ts';
import { minutes, step, summarized } from '../../domain/step.ts';
import type { Tried } from '../../domain/step.ts';
import { count, rowsByTable } from '../../domain/text.ts';

export interface StopWritesInput extends Tried {
  workflowId: string;
  runId: string;
  temporalNamespace?: string;
  /** After a failed start: the counts taken first stay. */
  again: boolean;
}

export interface StoppedWrites {
  /** When there had been no foreign session for the quiet time; ISO 8601. */
  at: string;
  /** Rows of every table after the stop. */
  counts: Record<string, number>;
  /** Tables that could not be counted, for they are damaged; only an emergency restore goes on with some. */
  unreadable?: string[];
  sessionsEnded: number;
  jobsEnded: string[];
  /** What had been stopped before Backstep came. */
  alreadyStopped: string[];
  /** What else was paused, as the record has it. */
  paused: Pause[];
  /** Migrations that were still running or idle in their transaction, and were ended. */
  migrationsEnded: string[];
  /** Whether workloads that go on can read meanwhile, in words; absent where none goes on. */
  reads?: string;
  /** Prepared transactions that were rolled back, where the definition says so. */
  rolledBack: string[];
  /** From when on the application may have written what no way back holds; ISO 8601. */
  resumedAt?: string;
}

const notesOf = (found: StoppedWrites): string[] => [
  ...(found.unreadable === undefined ? [] : [`CANNOT BE READ: ${named(found.unreadable)}`]),
  ...(found.reads === undefined ? [] : [found.reads]),
  ...found.rolledBack.map((what) => `Rolled back for good: ${what}`),
  ...found.migrationsEnded.map((what) => `A migration was under way, and was ended: ${what}`),
  ...found.paused.map(({ what }) => `Paused: ${what}`),
  ...(found.resumedAt === undefined
    ? []
    : [`The application may have written since ${utc(found.resumedAt)}: no way back holds that`]),
  ...(found.alreadyStopped.length === 0 ? [] : [`Found stopped already: ${found.alreadyStopped.join(', ')}`]),
];

export const stopWrites = step<StopWritesInput, StoppedWrites>()({
  name: 'stop-writes',
  title: 'Stop write operations',
  section: 'Step 1: Stop Write Operations',
  onFailure: 'put-back',
  decisions: [],
  limits: {
    within: minutes(15),
    perGigabyte: minutes(1),
    more: ({ service: { writes } }) => writes.gracePeriod + writes.quietFor,
  },
  writes: 'stop',
  summary: (found) =>
    summarized(
      `No foreign session left; ${count(found.sessionsEnded, 'session')} and ${count(found.jobsEnded.length, 'running Job')} ended; ${rowsByTable(found.counts)}`,
      notesOf(found),
    ),
  countsAfterStop: ({ counts }) => counts,
});
