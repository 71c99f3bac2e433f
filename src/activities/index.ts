import type { Deeds } from '../domain/deeds.ts';
import type { KeptDeeds } from '../domain/artifacts.ts';
import type { ProofDeeds } from '../domain/approval/statement.ts';
import type { TellingDeeds } from '../views/notification.ts';
import { assess } from './assess/activity.ts';
import { withWhomToTell } from './assess/whom-to-tell.ts';
import { assessRestore } from './assess/emergency.ts';
import { assessMoment } from './assess/point-in-time.ts';
import { backUp } from './back-up/activity.ts';
import { activity, bounded } from './boundary.ts';
import { census } from './data-diff/activity.ts';
import { checkProof } from './messages/check-proof.ts';
import { compareInstance } from './compare-instance/activity.ts';
import { downgrade } from './downgrade/activity.ts';
import { handOver } from './hand-over/activity.ts';
import { kept, removeKept } from './messages/artifacts/artifacts.ts';
import { keepWritesStopped } from './guard-writes/activity.ts';
import type { Means } from './means.ts';
import { putBack } from './put-back/activity.ts';
import { putInPlace } from './put-in-place/activity.ts';
import { rehearseLive } from './rehearse-live/activity.ts';
import { rehearse } from './rehearse/activity.ts';
import { report } from './report/activity.ts';
import { restorePoint } from './snapshot/activity.ts';
import { restoreInstance } from './restore-instance/activity.ts';
import { restoreBeside } from './restore-beside/activity.ts';
import { restore } from './restore/activity.ts';
import { resumeCronJobs } from './resume-cron-jobs/activity.ts';
import { rollBackApp } from './roll-back-app/activity.ts';
import { salvage } from './salvage/activity.ts';
import { startApp } from './start-app/activity.ts';
import { stopWrites } from './stop-writes/activity.ts';
import { switchBack } from './switch-back/activity.ts';
import { switchDatabase } from './switch-database/activity.ts';
import { tell } from './messages/notify.ts';
import { verify } from './verify/activity.ts';

/** The activities of a worker: one a step, under the step's own name. A missing deed does not compile. */
export function createActivities(means: Means): Deeds & KeptDeeds & TellingDeeds & ProofDeeds {
  return {
    assess: activity<'assess'>(
      async (means, input, attempt) =>
        input.kind === undefined
          ? withWhomToTell(means, input, await assess(means, input, attempt))
          : input.kind === 'emergency-restore'
            ? assessRestore(means, input, attempt)
            : assessMoment(means, input, attempt),
      means,
    ),
    'stop-writes': activity<'stop-writes'>(stopWrites, means),
    'keep-writes-stopped': activity<'keep-writes-stopped'>(keepWritesStopped, means),
    'back-up': activity<'back-up'>(backUp, means),
    'restore-point': activity<'restore-point'>(restorePoint, means),
    rehearse: activity<'rehearse'>(rehearse, means),
    'rehearse-live': activity<'rehearse-live'>(rehearseLive, means),
    salvage: activity<'salvage'>(salvage, means),
    downgrade: activity<'downgrade'>(downgrade, means),
    verify: activity<'verify'>(verify, means),
    'roll-back-app': activity<'roll-back-app'>(rollBackApp, means),
    'start-app': activity<'start-app'>(startApp, means),
    'resume-cron-jobs': activity<'resume-cron-jobs'>(resumeCronJobs, means),
    'put-back': activity<'put-back'>(putBack, means),
    restore: activity<'restore'>(restore, means),
    'hand-over': activity<'hand-over'>(handOver, means),
    'restore-beside': activity<'restore-beside'>(restoreBeside, means),
    census: activity<'census'>(census, means),
    'put-in-place': activity<'put-in-place'>(putInPlace, means),
    'restore-instance': activity<'restore-instance'>(restoreInstance, means),
    'compare-instance': activity<'compare-instance'>(compareInstance, means),
    'switch-database': activity<'switch-database'>(switchDatabase, means),
    'switch-back': activity<'switch-back'>(switchBack, means),
    report: activity<'report'>(report, means),
    kept: bounded(kept, means),
    'remove-kept': bounded(removeKept, means),
    'check-proof': bounded(checkProof, means),
    tell: bounded(tell, means),
  };
}
