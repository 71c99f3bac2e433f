import type { Deeds } from '../runbook/deeds.ts';
import type { KeptDeeds } from '../runbook/kept.ts';
import type { ProofDeeds } from '../runbook/statement.ts';
import type { TellingDeeds } from '../runbook/tiding.ts';
import { assess } from './assess.ts';
import { withWhomToTell } from './assess/whom-to-tell.ts';
import { assessRestore } from './assess-restore.ts';
import { assessMoment } from './assess-moment.ts';
import { backUp } from './back-up.ts';
import { activity, bounded } from './boundary.ts';
import { census } from './census.ts';
import { checkProof } from './check-proof.ts';
import { compareInstance } from './compare-instance.ts';
import { downgrade } from './downgrade.ts';
import { handOver } from './hand-over.ts';
import { kept, removeKept } from './kept/kept.ts';
import { keepWritesStopped } from './keep-writes-stopped.ts';
import type { Means } from './means.ts';
import { putBack } from './put-back.ts';
import { putInPlace } from './put-in-place.ts';
import { rehearseLive } from './rehearse-live.ts';
import { rehearse } from './rehearse.ts';
import { report } from './report.ts';
import { restorePoint } from './restore-point.ts';
import { restoreInstance } from './restore-instance.ts';
import { restoreBeside } from './restore-beside.ts';
import { restore } from './restore.ts';
import { resumeCronJobs } from './resume-cron-jobs.ts';
import { rollBackApp } from './roll-back-app.ts';
import { salvage } from './salvage.ts';
import { startApp } from './start-app.ts';
import { stopWrites } from './stop-writes.ts';
import { switchBack } from './switch-back.ts';
import { switchDatabase } from './switch-database.ts';
import { tell } from './tell.ts';
import { verify } from './verify.ts';

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
