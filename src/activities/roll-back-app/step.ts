import { minutes, step, summarized } from '../../domain/step.ts';
import type { Tried } from '../../domain/step.ts';

export interface RolledBackApp {
  workloads: { deployment: string; image: string; from: string }[];
  cronJobs: { name: string; image?: string }[];
  /** CronJobs without a fitting image: they stay suspended. */
  staySuspended: string[];
}

export const rollBackApp = step<Tried, RolledBackApp>()({
  name: 'roll-back-app',
  title: 'Roll the application code back',
  section: 'Step 6: Rollback Application Code',
  onFailure: 'hold',
  decisions: ['retry', 'restore', 'abort'],
  limits: { within: minutes(15) },
  summary: (found) =>
    summarized(
      found.workloads.length === 0
        ? 'Nothing to roll back'
        : found.workloads.map(({ deployment, image }) => `${deployment} → ${image}`).join('; '),
      found.staySuspended.map((name) => `CronJob ${name} stays suspended: no image fits the target`),
    ),
});
