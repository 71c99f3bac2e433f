import type { Activities } from '../domain/deeds.ts';
import type { ArtifactActivities } from '../domain/artifacts.ts';
import type { ProofActivities } from '../domain/approval/statement.ts';
import type { NotificationActivities } from '../views/notification.ts';
import { assess } from './assess/activity.ts';
import { withWhomToTell } from './assess/whom-to-tell.ts';
import { assessRestore } from './assess/emergency.ts';
import { assessPointInTime } from './assess/point-in-time.ts';
import { backUp } from './back-up/activity.ts';
import { activity, bounded } from './boundary.ts';
import { dataDiff } from './data-diff/activity.ts';
import { checkProof } from './messages/check-proof.ts';
import { compareInstance } from './compare-instance/activity.ts';
import { downgrade } from './downgrade/activity.ts';
import { handOver } from './hand-over/activity.ts';
import { artifacts, removeArtifacts } from './messages/artifacts/artifacts.ts';
import { guardWrites } from './guard-writes/activity.ts';
import type { Dependencies } from './dependencies.ts';
import { putBack } from './put-back/activity.ts';
import { putInPlace } from './put-in-place/activity.ts';
import { rehearseLive } from './rehearse-live/activity.ts';
import { rehearse } from './rehearse/activity.ts';
import { report } from './report/activity.ts';
import { takeSnapshot } from './snapshot/activity.ts';
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
import { notify } from './messages/notify.ts';
import { verify } from './verify/activity.ts';

/** The activities of a worker: one a step, under the step's own name. A missing activity does not compile. */
export function createActivities(
  dependencies: Dependencies,
): Activities & ArtifactActivities & NotificationActivities & ProofActivities {
  return {
    assess: activity<'assess'>(
      async (dependencies, input, attempt) =>
        input.kind === undefined
          ? withWhomToTell(dependencies, input, await assess(dependencies, input, attempt))
          : input.kind === 'emergency-restore'
            ? assessRestore(dependencies, input, attempt)
            : assessPointInTime(dependencies, input, attempt),
      dependencies,
    ),
    'stop-writes': activity<'stop-writes'>(stopWrites, dependencies),
    'guard-writes': activity<'guard-writes'>(guardWrites, dependencies),
    'back-up': activity<'back-up'>(backUp, dependencies),
    snapshot: activity<'snapshot'>(takeSnapshot, dependencies),
    rehearse: activity<'rehearse'>(rehearse, dependencies),
    'rehearse-live': activity<'rehearse-live'>(rehearseLive, dependencies),
    salvage: activity<'salvage'>(salvage, dependencies),
    downgrade: activity<'downgrade'>(downgrade, dependencies),
    verify: activity<'verify'>(verify, dependencies),
    'roll-back-app': activity<'roll-back-app'>(rollBackApp, dependencies),
    'start-app': activity<'start-app'>(startApp, dependencies),
    'resume-cron-jobs': activity<'resume-cron-jobs'>(resumeCronJobs, dependencies),
    'put-back': activity<'put-back'>(putBack, dependencies),
    restore: activity<'restore'>(restore, dependencies),
    'hand-over': activity<'hand-over'>(handOver, dependencies),
    'restore-beside': activity<'restore-beside'>(restoreBeside, dependencies),
    'data-diff': activity<'data-diff'>(dataDiff, dependencies),
    'put-in-place': activity<'put-in-place'>(putInPlace, dependencies),
    'restore-instance': activity<'restore-instance'>(restoreInstance, dependencies),
    'compare-instance': activity<'compare-instance'>(compareInstance, dependencies),
    'switch-database': activity<'switch-database'>(switchDatabase, dependencies),
    'switch-back': activity<'switch-back'>(switchBack, dependencies),
    report: activity<'report'>(report, dependencies),
    artifacts: bounded(artifacts, dependencies),
    'remove-artifacts': bounded(removeArtifacts, dependencies),
    'check-proof': bounded(checkProof, dependencies),
    notify: bounded(notify, dependencies),
  };
}
