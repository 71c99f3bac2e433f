import { byHand } from './by-hand.ts';
import type { Backup } from './findings.ts';
import type { Journal } from './journal.ts';
import { notVerifiedIn } from './not-verified.ts';
import type { OperationId } from './names.ts';
import type { Outcome } from './outcome.ts';
import type { Observations } from './plan.ts';
import { decisionsIn } from './report-decisions.ts';
import type { ReportedDecision } from './report-decisions.ts';
import { rowsIn } from './report-rows.ts';
import type { ReportedRows } from './report-rows.ts';
import { timelineIn } from './report-timeline.ts';
import type { TimelineLine } from './report-timeline.ts';
import { entriesOf, foundBy, progressOf } from './views.ts';
import type { Progress, Subject } from './views.ts';

/** The report as data (report.json, and the query `report` as far as it goes). Times are ISO 8601. */
export interface Report {
  service: string;
  operation: OperationId;
  workflowId: string;
  outcome?: Outcome;
  reason?: string;
  startedAt?: string;
  endedAt?: string;
  requested?: { target: string; reason?: string; by?: string; trigger?: string };
  planHash?: string;
  revision?: {
    before: string;
    after?: string;
    target: string;
    reverted: { revision: string; message: string }[];
  };
  /** From the stop of writes until the application was started or put back; absent while they are stopped. */
  writesStopped?: { from: string; until?: string };
  /** What is not as it should be in the end, and needs a person; said first. */
  attention: string[];
  timeline: TimelineLine[];
  decisions: ReportedDecision[];
  backup?: Backup;
  /** What `assess` saw before anything was touched (runbook, Document current state). */
  foundAtStart?: Observations;
  /** What `verify` compared, in words. */
  verified: string[];
  rows: ReportedRows[];
  steps: Progress['steps'];
  notVerified: string[];
  breaches: { at: string; what: string; reachedDatabase: boolean }[];
  ignored: Progress['ignored'];
  /** Commands that undo the freeze; empty where nothing is frozen. */
  byHand: string[];
  toDo: string[];
  escalationPath: string[];
  relatedRunbooks: { title: string; url: string }[];
}

/** The runbook's Post-Rollback list, in its own order. */
const postRollback = [
  'Analyze the root cause of the migration failure',
  'Document the incident for future reference',
  'Update the migration script to fix the issues',
  'Re-test in staging thoroughly',
  'Schedule a new deployment when ready',
  'Communicate to team and stakeholders',
];

function writesStoppedIn(journal: Journal): Report['writesStopped'] {
  const stop = entriesOf(journal, 'step-began').find(({ step }) => step === 'stop-writes');
  if (stop === undefined) return undefined;
  const last = journal.findLast(
    (entry) =>
      (entry.kind === 'step-began' && entry.step === 'stop-writes') ||
      (entry.kind === 'step-ended' && (entry.step === 'start-app' || entry.step === 'put-back')),
  );
  return last?.kind === 'step-ended' ? { from: stop.at, until: last.at } : { from: stop.at };
}

/** The revision that the journal proves; absent where a step that may have moved it did not end. */
function revisionAfter(journal: Journal, before: string): string | undefined {
  const began = (step: string) => entriesOf(journal, 'step-began').some((entry) => entry.step === step);
  if (began('restore')) return foundBy(journal, 'restore')?.revision;
  if (!began('downgrade')) return before;
  return foundBy(journal, 'verify')?.revision ?? foundBy(journal, 'downgrade')?.to;
}

function attentionIn(journal: Journal, { plan }: Subject, frozen: boolean): string[] {
  const kept = foundBy(journal, 'restore')?.kept;
  const skipped = progressOf(journal, {
    service: '',
    operation: 'bs-',
    workflowId: '',
    ...(plan && { plan }),
  }).steps;
  const failures = entriesOf(journal, 'step-failed').filter(({ step }) => step === 'put-back');
  return [
    ...(frozen ? ['Writes are stopped: the application is down until a person resumes it.'] : []),
    ...failures.map(({ fault }) => `Putting back failed: ${fault.message}`),
    ...(foundBy(journal, 'roll-back-app')?.staySuspended ?? []).map(
      (name) => `CronJob ${name} stays suspended: no image fits the target.`,
    ),
    ...skipped
      .filter(({ state }) => state === 'skipped')
      .map(({ part, summary }) => `CronJob ${part ?? ''} was skipped and stays suspended: ${summary ?? ''}`),
    ...(kept === undefined ? [] : [`Database ${kept} is kept; remove it when nobody needs it any more.`]),
  ];
}

function toDoIn(journal: Journal, attention: string[], { plan }: Subject): string[] {
  const moved = entriesOf(journal, 'step-began').some(({ step }) => step === 'downgrade');
  const backup = foundBy(journal, 'back-up');
  return [
    ...attention,
    ...(moved && plan ? [`Keep ${plan.migrationImage} from being deployed again before it is mended`] : []),
    ...(backup ? [`Decide how long backup ${backup.file} is kept`] : []),
    ...(moved ? postRollback : []),
  ];
}

/** The report as a pure function of the journal. */
export function reportOf(journal: Journal, subject: Subject): Report {
  const { service, operation, workflowId, plan, hash } = subject;
  const progress = progressOf(journal, subject);
  const ended = entriesOf(journal, 'ended').at(-1);
  const writesStopped = writesStoppedIn(journal);
  const frozen = writesStopped !== undefined && writesStopped.until === undefined;
  const attention = attentionIn(journal, subject, frozen);
  const after = plan && revisionAfter(journal, plan.from);
  const backup = foundBy(journal, 'back-up');
  const foundAtStart = foundBy(journal, 'assess');
  const restored = foundBy(journal, 'restore') !== undefined;
  return {
    service,
    operation,
    workflowId,
    ...(ended && { outcome: ended.outcome, reason: ended.reason, endedAt: ended.at }),
    ...(progress.startedAt !== undefined && { startedAt: progress.startedAt }),
    ...(plan && { requested: requestOf(plan.request) }),
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
    decisions: decisionsIn(journal),
    ...(backup && { backup }),
    rows: rowsIn(journal),
    steps: progress.steps,
    ...(foundAtStart && { foundAtStart }),
    verified: restored ? [] : (foundBy(journal, 'verify')?.checked ?? []),
    notVerified: notVerifiedIn(journal, subject),
    breaches: entriesOf(journal, 'breach').map(({ at, what, reachedDatabase }) => ({
      at,
      what,
      reachedDatabase,
    })),
    ignored: entriesOf(journal, 'message-ignored').map(({ at, message, by, why }) => ({
      at,
      message,
      by,
      why,
    })),
    byHand: frozen && plan ? byHand(plan) : [],
    toDo: toDoIn(journal, attention, subject),
    escalationPath: plan?.service.escalation.path ?? [],
    relatedRunbooks: plan?.service.relatedRunbooks ?? [],
  };
}

function requestOf({ target, reason, requestedBy, trigger }: NonNullable<Subject['plan']>['request']) {
  return {
    target,
    ...(reason !== undefined && { reason }),
    ...(requestedBy !== undefined && { by: requestedBy }),
    ...(trigger !== undefined && { trigger }),
  };
}
