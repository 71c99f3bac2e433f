import { hours, step } from '../../domain/step.ts';
import type { Tried } from '../../domain/step.ts';
import { seconds } from '../../domain/text.ts';

export interface ResumeCronJobInput extends Tried {
  cronJob: string;
}

export interface ResumedCronJob {
  name: string;
  /** The Job that succeeded; absent where the CronJob stays suspended by definition or for want of an image. */
  job?: string;
  staysSuspended: boolean;
  seconds: number;
}

export const resumeCronJobs = step<ResumeCronJobInput, ResumedCronJob>()({
  name: 'resume-cron-jobs',
  title: 'Resume the CronJobs, one at a time',
  section: 'Step 7: Resume Operations',
  onFailure: 'hold',
  decisions: ['retry', 'skip', 'restore', 'abort'],
  skipped: 'This CronJob stays suspended, and it goes on; the report names it first.',
  limits: { within: hours(26) },
  parts: ({ cronJobs }) => cronJobs.map(({ name }) => name),
  part: ({ cronJob }) => cronJob,
  summary: (found) => ({
    summary: found.staysSuspended
      ? `${found.name} stays suspended`
      : `${found.name}: ${found.job ?? 'its Job'} succeeded after ${seconds(found.seconds)}`,
  }),
});
