import type { StartingAlert } from '../../domain/alert.ts';
import { byHandIn } from '../by-hand.ts';
import { revisionIn } from '../situation.ts';
import type { DataDiff } from '../../domain/data-diff.ts';
import { describeRestoreFrom } from '../../domain/plan/emergency-request.ts';
import type { Journal } from '../../domain/journal/journal.ts';
import { notVerifiedIn } from '../not-verified.ts';
import type { OperationId } from '../../domain/names.ts';
import type { Outcome } from '../../domain/journal/outcome.ts';
import type { Observations } from '../../domain/plan/plan.ts';
import type { Rehearsal } from '../../domain/rehearsal.ts';
import { decisionsIn } from './decisions.ts';
import type { ReportedDecision } from './decisions.ts';
import { emergencyIn } from './emergency.ts';
import type { ReportedRestore } from './emergency.ts';
import { attentionIn, toDoIn } from './attention.ts';
import { recoveryIn } from './point-in-time.ts';
import type { ReportedRecovery } from './point-in-time.ts';
import { rowsIn } from './rows.ts';
import type { ReportedRows } from './rows.ts';
import { breachesIn, timelineIn } from './timeline.ts';
import type { TimelineLine } from './timeline.ts';
import type { Salvage } from '../../domain/salvage.ts';
import type { ProofMethod } from '../../domain/approval/statement.ts';
import { whoOf } from '../../domain/definition/escalation.ts';
import type { LeftBy, Situation } from '../../domain/leads-to.ts';
import { waitsIn } from '../../domain/journal/waits.ts';
import type { Wait } from '../../domain/journal/waits.ts';
import { waysBackIn } from '../ways-back.ts';
import type { WayBack } from '../ways-back.ts';
import type { Backup } from '../../domain/backup.ts';
import type { Restored } from '../../activities/restore/step.ts';
import type { WritesStopped } from '../outage.ts';
import { writesStoppedIn } from '../outage.ts';
import { entriesOf, foundBy } from '../../domain/journal/journal.ts';
import type { Progress, Subject } from '../progress.ts';
import { progressOf } from '../progress.ts';
import { restore } from '../../activities/restore/step.ts';
import { verify } from '../../activities/verify/step.ts';
import { backUp } from '../../activities/back-up/step.ts';
import { assess } from '../../activities/assess/step.ts';
import { diffData } from '../../activities/data-diff/step.ts';
import { rehearse } from '../../activities/rehearse/step.ts';
import { salvage } from '../../activities/salvage/step.ts';
import { restoreNewDatabase } from '../../activities/restore-new-database/step.ts';
import type { Breach } from '../../domain/record.ts';

/** The report as data (report.json, and the query `report` as far as it goes). Times are ISO 8601. */
export interface Report {
  service: string;
  operation: OperationId;
  workflowId: string;
  outcome?: Outcome;
  reason?: string;
  /** Who made it leave its order; absent where it went to its end. */
  leftBy?: LeftBy;
  /** Now, or at the end. */
  situation: Situation;
  startedAt?: string;
  endedAt?: string;
  /** `target` of a rollback, `from` of an emergency restore. */
  requested?: {
    target?: string;
    from?: string;
    recoveryTime?: string;
    reason?: string;
    by?: string;
    /** How the gateway proved who asked; absent of a self-asserted name. */
    via?: ProofMethod;
    /** The alert that asked, in place of a person. */
    alert?: StartingAlert;
    trigger?: string;
  };
  planHash?: string;
  revision?: {
    before: string;
    after?: string;
    target: string;
    reverted: { revision: string; message: string }[];
  };
  /** From the stop of writes until the application was started or put back; absent while they are stopped. */
  writesStopped?: WritesStopped;
  /** What is not as it should be in the end, and needs a person; said first. */
  attention: string[];
  timeline: TimelineLine[];
  /** When people were waited for, at gates and holds. */
  waits: Wait[];
  decisions: ReportedDecision[];
  backup?: Backup;
  /** Which way back existed when (law 1). */
  waysBack: WayBack[];
  rehearsal?: Rehearsal;
  salvage?: Salvage;
  restored?: Restored;
  /** What `assess` saw before anything was touched (runbook, Document current state). */
  foundAtStart?: Observations;
  /** What `verify` compared, in words. */
  verified: string[];
  /** What was written since the application had started again, and is only in the database kept by the restore. */
  newer?: DataDiff;
  /** Of an emergency restore alone. */
  emergency?: ReportedRestore;
  /** Of a point-in-time restore alone. */
  recovery?: ReportedRecovery;
  rows: ReportedRows[];
  steps: Progress['steps'];
  notVerified: string[];
  breaches: Breach[];
  ignored: Progress['ignored'];
  /** Alerts that fired again or were resolved meanwhile. */
  annotations: Progress['annotations'];
  /** Whom nobody could tell what they were to be told. */
  notDelivered: { at: string; to: string; what: string; why: string }[];
  /** Commands that undo the freeze; empty where nothing is frozen. */
  byHand: string[];
  toDo: string[];
  escalationPath: string[];
  relatedRunbooks: { title: string; url: string }[];
}

/** The report as a pure function of the journal. */
export function reportOf(journal: Journal, subject: Subject): Report {
  const { service, operation, workflowId, plan, hash } = subject;
  const progress = progressOf(journal, subject);
  const ended = entriesOf(journal, 'ended').at(-1);
  const writesStopped = writesStoppedIn(journal);
  const frozen = writesStopped !== undefined && writesStopped.until === undefined;
  const attention = attentionIn(journal, subject, frozen);
  const after = plan && revisionIn(journal, plan.from);
  const backup = foundBy(journal, backUp);
  const foundAtStart = foundBy(journal, assess);
  const restored = foundBy(journal, restore);
  const emergency = emergencyIn(journal, subject);
  const newer = emergency ? undefined : foundBy(journal, diffData);
  const recovery = recoveryIn(journal, subject);
  const rehearsal = foundBy(journal, rehearse);
  const salvaged = foundBy(journal, salvage);
  return {
    service,
    operation,
    workflowId,
    ...(ended && { outcome: ended.outcome, reason: ended.reason, endedAt: ended.at }),
    ...(ended?.leftBy && { leftBy: ended.leftBy }),
    situation: progress.situation,
    ...(progress.startedAt !== undefined && { startedAt: progress.startedAt }),
    ...(plan && { requested: requestOf(plan) }),
    ...(hash !== undefined && { planHash: hash }),
    ...(plan && {
      revision: {
        before: plan.from,
        ...(after !== undefined && { after }),
        target: plan.target,
        reverted: plan.reverts.map(({ revision, message }) => ({ revision, message })),
      },
    }),
    ...(writesStopped && { writesStopped }),
    attention,
    timeline: timelineIn(journal),
    waits: waitsIn(journal),
    decisions: decisionsIn(journal),
    ...(backup && { backup }),
    waysBack: waysBackIn(journal),
    ...(rehearsal && { rehearsal }),
    ...(salvaged && { salvage: salvaged }),
    ...(restored && { restored }),
    ...(emergency && { emergency }),
    ...(newer && { newer }),
    ...(recovery && { recovery }),
    rows: rowsIn(journal),
    steps: progress.steps,
    ...(foundAtStart && { foundAtStart }),
    verified: restored
      ? []
      : ((foundBy(journal, verify) ?? foundBy(journal, restoreNewDatabase) ?? recovery?.compared)?.checked ??
        []),
    notVerified: notVerifiedIn(journal, subject),
    breaches: breachesIn(journal),
    ignored: entriesOf(journal, 'message-ignored').map(({ at, message, by, why }) => ({
      at,
      message,
      by,
      why,
    })),
    annotations: progress.annotations,
    notDelivered: entriesOf(journal, 'not-notified').map(({ at, to, what, why }) => ({ at, to, what, why })),
    byHand: frozen && plan ? byHandIn(journal, plan) : [],
    toDo: toDoIn(journal, attention, subject),
    escalationPath: (plan?.service.escalation.path ?? []).map(whoOf),
    relatedRunbooks: plan?.service.relatedRunbooks ?? [],
  };
}

function requestOf({ kind, request }: NonNullable<Subject['plan']>) {
  const { reason, requestedBy, requestedVia, trigger } = request;
  return {
    ...('target' in request ? { target: request.target } : { from: describeRestoreFrom(request.from) }),
    ...(kind === 'point-in-time-restore' && request.to !== undefined && { recoveryTime: request.to }),
    ...(reason !== undefined && { reason }),
    ...(requestedBy !== undefined && { by: requestedBy }),
    ...(requestedVia !== undefined && { via: requestedVia }),
    ...('alert' in request && request.alert !== undefined && { alert: request.alert }),
    ...(trigger !== undefined && { trigger }),
  };
}
