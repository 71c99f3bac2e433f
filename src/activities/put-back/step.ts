import { minutes, step, summarized } from '../../domain/step.ts';
import type { Tried } from '../../domain/step.ts';

/** How far the operation has come, as its workflow knows it. */
export interface HowFar {
  /** Writes were stopped: without a record nobody knows what is to be put back. */
  stopped: boolean;
  /** The database may have moved; only after a restore is put back what was stopped then. */
  pivotPassed: boolean;
}

export type PutBackInput = Tried & HowFar;

export interface PutBack {
  workloads: { deployment: string; replicas: number }[];
  cronJobs: { name: string; suspended: boolean }[];
  database: string;
  /** What else was resumed, in words. */
  resumed?: string[];
  /** What cannot be as it was, and why. */
  notes?: string[];
}

/** Before the pivot: as found. After a restore: `app` is the newer release again, since images were not moved back. */
export const putBack = step<PutBackInput, PutBack>()({
  name: 'put-back',
  title: 'Put back what was stopped',
  section: 'Step 7: Resume Operations',
  onFailure: 'hold',
  decisions: ['retry', 'abort'],
  limits: { within: minutes(60) },
  restores: true,
  undoes: true,
  writes: 'resume',
  summary: (found) =>
    summarized(
      found.workloads.length === 0 && found.cronJobs.length === 0
        ? 'Nothing had been stopped'
        : `As before: ${[
            found.database,
            ...found.workloads.map(({ deployment, replicas }) => `${deployment} at ${replicas}`),
            ...found.cronJobs.map(({ name, suspended }) => `${name} ${suspended ? 'suspended' : 'resumed'}`),
            ...(found.resumed ?? []),
          ].join(', ')}`,
      found.notes,
    ),
});
