import type { Activities } from './steps.ts';
import type { ArtifactActivities } from '../domain/artifacts.ts';
import type { NotificationActivities } from '../views/notification.ts';
import { assess } from './assess/activity.ts';
import { backUp } from './back-up/activity.ts';
import { activityFunction, stepFunction } from './activity-function.ts';
import { dataDiff } from './data-diff/activity.ts';
import { checkProof } from './messages/check-proof.ts';
import { compareInstance } from './compare-instance/activity.ts';
import { downgrade } from './downgrade/activity.ts';
import { handOver } from './hand-over/activity.ts';
import { artifacts, removeArtifacts } from './messages/artifacts/artifacts.ts';
import { guardWrites } from './guard-writes/activity.ts';
import type { Dependencies } from './context.ts';
import { putBack } from './put-back/activity.ts';
import { putInPlace } from './put-in-place/activity.ts';
import { rehearseLive } from './rehearse-live/activity.ts';
import { rehearse } from './rehearse/activity.ts';
import { report } from './report/activity.ts';
import { takeSnapshot } from './snapshot/activity.ts';
import { restoreInstance } from './restore-instance/activity.ts';
import { restoreNewDatabase } from './restore-new-database/activity.ts';
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
import type { ProofActivities } from '../domain/approval/start-statement.ts';

/** The activities of a worker: one a step, under the step's own name. A missing activity does not compile. */
export function createActivities(
  dependencies: Dependencies,
): Activities & ArtifactActivities & NotificationActivities & ProofActivities {
  return {
    assess: activityFunction(assess, dependencies),
    'stop-writes': stepFunction<'stop-writes'>(stopWrites, dependencies),
    'guard-writes': stepFunction<'guard-writes'>(guardWrites, dependencies),
    'back-up': stepFunction<'back-up'>(backUp, dependencies),
    snapshot: stepFunction<'snapshot'>(takeSnapshot, dependencies),
    rehearse: stepFunction<'rehearse'>(rehearse, dependencies),
    'rehearse-live': stepFunction<'rehearse-live'>(rehearseLive, dependencies),
    salvage: stepFunction<'salvage'>(salvage, dependencies),
    downgrade: stepFunction<'downgrade'>(downgrade, dependencies),
    verify: stepFunction<'verify'>(verify, dependencies),
    'roll-back-app': stepFunction<'roll-back-app'>(rollBackApp, dependencies),
    'start-app': stepFunction<'start-app'>(startApp, dependencies),
    'resume-cron-jobs': stepFunction<'resume-cron-jobs'>(resumeCronJobs, dependencies),
    'put-back': stepFunction<'put-back'>(putBack, dependencies),
    restore: stepFunction<'restore'>(restore, dependencies),
    'hand-over': activityFunction(handOver, dependencies),
    'restore-new-database': stepFunction<'restore-new-database'>(restoreNewDatabase, dependencies),
    'data-diff': stepFunction<'data-diff'>(dataDiff, dependencies),
    'put-in-place': stepFunction<'put-in-place'>(putInPlace, dependencies),
    'restore-instance': stepFunction<'restore-instance'>(restoreInstance, dependencies),
    'compare-instance': stepFunction<'compare-instance'>(compareInstance, dependencies),
    'switch-database': stepFunction<'switch-database'>(switchDatabase, dependencies),
    'switch-back': stepFunction<'switch-back'>(switchBack, dependencies),
    report: stepFunction<'report'>(report, dependencies),
    artifacts: activityFunction(artifacts, dependencies),
    'remove-artifacts': activityFunction(removeArtifacts, dependencies),
    'check-proof': activityFunction(checkProof, dependencies),
    notify: activityFunction(notify, dependencies),
  };
}
