import type { Pause } from '../../domain/plan/pauses.ts';
import { minutes, step, summarized } from '../../domain/step.ts';
import type { Tried } from '../../domain/step.ts';
import { count, seconds } from '../../domain/text.ts';

export interface StartedApp {
  workloads: { deployment: string; replicas: number; seconds: number }[];
  health: { deployment: string; path: string; status: number }[];
  /** Names of the service's own HTTP checks that passed; absent where there are none. */
  checks?: string[];
  /** What would bring the bad release back: it stays paused until a person resumes it (law 4). */
  staysPaused?: Pause[];
}

export const startApp = step<Tried, StartedApp>()({
  name: 'start-app',
  title: 'Start the application and check its health',
  section: 'Step 7: Resume Operations',
  onFailure: 'hold',
  decisions: ['retry', 'restore', 'abort'],
  limits: {
    within: minutes(60),
    more: ({ service }) => service.workloads.reduce((sum, { readyWithin }) => sum + readyWithin, 0),
  },
  // Until then the database is not written to, and the Secrets can lead to the old instance again.
  pivot: ['point-in-time-restore'],
  writes: 'resume',
  summary: (found) =>
    summarized(
      [
        ...found.workloads.map(
          (workload) =>
            `${workload.deployment}: ${count(workload.replicas, 'replica')} ready after ${seconds(workload.seconds)}`,
        ),
        ...found.health.map(({ deployment, path, status }) => `${deployment}${path} answers ${status}`),
        ...(found.checks ?? []).map((name) => `own check “${name}” passed`),
      ].join('; '),
      found.staysPaused?.map(({ what }) => `${what} stays paused`),
    ),
});
