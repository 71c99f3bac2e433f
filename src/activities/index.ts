import type { Deeds } from '../runbook/deeds.ts';
import { assess } from './assess.ts';
import { backUp } from './back-up.ts';
import { activity } from './boundary.ts';
import { downgrade } from './downgrade.ts';
import { keepWritesStopped } from './keep-writes-stopped.ts';
import type { Means } from './means.ts';
import { putBack } from './put-back.ts';
import { report } from './report.ts';
import { restore } from './restore.ts';
import { resumeCronJobs } from './resume-cron-jobs.ts';
import { rollBackApp } from './roll-back-app.ts';
import { startApp } from './start-app.ts';
import { stopWrites } from './stop-writes.ts';
import { verify } from './verify.ts';

/** The activities of a worker: one a step, under the step's own name. A missing deed does not compile. */
export function createActivities(means: Means): Deeds {
  return {
    assess: activity<'assess'>(assess, means),
    'stop-writes': activity<'stop-writes'>(stopWrites, means),
    'keep-writes-stopped': activity<'keep-writes-stopped'>(keepWritesStopped, means),
    'back-up': activity<'back-up'>(backUp, means),
    downgrade: activity<'downgrade'>(downgrade, means),
    verify: activity<'verify'>(verify, means),
    'roll-back-app': activity<'roll-back-app'>(rollBackApp, means),
    'start-app': activity<'start-app'>(startApp, means),
    'resume-cron-jobs': activity<'resume-cron-jobs'>(resumeCronJobs, means),
    'put-back': activity<'put-back'>(putBack, means),
    restore: activity<'restore'>(restore, means),
    report: activity<'report'>(report, means),
  };
}
