import { minutes, step, summarized } from '../../domain/step.ts';
import type { Tried } from '../../domain/step.ts';

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
export const putBack = step<Tried, PutBack>()({
  name: 'put-back',
  title: 'Put back what was stopped',
  section: 'Step 7: Resume Operations',
  onFailure: 'report',
  decisions: [],
  limits: { attempt: minutes(30) },
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
