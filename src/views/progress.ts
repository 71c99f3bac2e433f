import type { Fault } from '../domain/failures.ts';
import { entriesOf } from '../domain/journal/journal.ts';
import type { EntryOf, GateWants, Journal } from '../domain/journal/journal.ts';
import type { OperationId } from '../domain/names.ts';
import type { Outcome } from '../domain/journal/outcome.ts';
import type { PlanKind, Observations, Plan } from '../domain/plan/plan.ts';
import type { RelatedRunbook } from '../domain/definition/service.ts';
import type { Outage } from './outage.ts';
import { outageIn } from './outage.ts';
import { situationIn } from './situation.ts';
import type { Decision, GateName } from '../domain/approval/answers.ts';
import type { LeftBy, Situation } from '../domain/leads-to.ts';
import type { StepProgress } from './step-progress.ts';
import { stepProgress } from './step-progress.ts';
import { assess } from '../activities/assess/step.ts';
import { declared, isGuard } from '../activities/steps.ts';

export type { StepProgress, StepState } from './step-progress.ts';

/** What a journal is about; the plan as soon as there is one. */
export interface Subject {
  service: string;
  operation: OperationId;
  workflowId: string;
  kind: PlanKind;
  plan?: Plan;
  /** Hash of the plan alone; each gate has its own. */
  hash?: string;
}

export interface GateProgress {
  gate: GateName;
  hash: string;
  people: number;
  approvedBy: string[];
  expiresAt: string;
  shows: string[];
  /** Why approving must be confirmed; absent where a press will do. */
  dangers?: string[];
  /** What else the policy wants of who approves. */
  wants?: GateWants;
}

export interface HoldProgress {
  hold: string;
  step: string;
  /** Which CronJob, for `resume-cron-jobs`. */
  part?: string;
  fault: Fault;
  decisions: Decision[];
  deadline?: string;
  byHand: string[];
  /** Related runbooks of the definition; absent where it names none. */
  runbooks?: RelatedRunbook[];
}

/** What the query `progress` answers, and `backstep status` draws. Times are ISO 8601. */
export interface Progress {
  service: string;
  operation: OperationId;
  workflowId: string;
  startedAt?: string;
  from?: string;
  target?: string;
  /** Where it stands, as search attribute: `<step>`, `gate-<gate>`, `hold-<step>` or `ended`. */
  phase: string;
  outcome?: Outcome;
  reason?: string;
  /** Who made it leave its order; absent where it went to its end. */
  leftBy?: LeftBy;
  steps: StepProgress[];
  /** What decides what answers lead to (`leadsTo`). */
  situation: Situation;
  gate?: GateProgress;
  hold?: HoldProgress;
  /** While writes are stopped. */
  outage?: Outage;
  /** Rows by table. */
  counts: { afterStop?: Record<string, number>; atEnd?: Record<string, number> };
  /** A cancel request that came after the pivot. */
  cancelRequested: boolean;
  /** Whom the escalation has reached, and who is on it. */
  escalated: { to: string; why: string; at: string }[];
  acknowledgedBy: string[];
  /** Alerts that fired again or were resolved meanwhile. */
  annotations: Annotation[];
  /** The latest messages that counted for nothing, with the reason. */
  ignored: { at: string; message: string; by: string; why: string }[];
}

export type Annotation = Omit<EntryOf<'annotated'>, 'kind'>;

/** What the query `plan` answers: null until `assess` has ended. */
export type PlanView = { plan: Plan; hash: string; observations: Observations } | null;

export const annotationsIn = (journal: Journal): Annotation[] =>
  entriesOf(journal, 'annotated').map(({ at, source, fingerprint, status, text }) => ({
    at,
    source,
    fingerprint,
    status,
    text,
  }));

/** Rows by table after the first stop, and at the end: of the verified, or of the restored database. */
export function countsOf(journal: Journal): Progress['counts'] {
  const ended = entriesOf(journal, 'step-ended').filter(({ found }) => found !== undefined);
  const stopped = ended.find(({ step }) => declared(step)?.countsAfterStop);
  const last = ended.findLast(({ step }) => declared(step)?.countsAtEnd);
  const afterStop = stopped && declared(stopped.step)?.countsAfterStop?.(stopped.found);
  const atEnd = last && declared(last.step)?.countsAtEnd?.(last.found);
  return { ...(afterStop && { afterStop }), ...(atEnd && { atEnd }) };
}

function openGate(journal: Journal): GateProgress | undefined {
  const at = journal.findLastIndex(({ kind }) => kind === 'gate-opened' || kind === 'gate-closed');
  const opened = journal[at];
  if (opened?.kind !== 'gate-opened') return undefined;
  const { gate, hash, people, expiresAt, shows, dangers, wants } = opened;
  const approvedBy = entriesOf(journal.slice(at), 'gate-approved').map(({ by }) => by);
  return {
    gate,
    hash,
    people,
    approvedBy,
    expiresAt,
    shows,
    ...(dangers && { dangers }),
    ...(wants && { wants }),
  };
}

function openHold(journal: Journal, plan: Plan | undefined): HoldProgress | undefined {
  const opened = journal.findLast(({ kind }) => kind === 'hold-opened' || kind === 'hold-closed');
  if (opened?.kind !== 'hold-opened') return undefined;
  const { hold, step, part, fault, decisions, deadline, byHand } = opened;
  const runbooks = plan?.service.relatedRunbooks ?? [];
  return {
    hold,
    step,
    ...(part !== undefined && { part }),
    fault,
    decisions,
    byHand,
    ...(deadline !== undefined && { deadline }),
    ...(runbooks.length > 0 && { runbooks }),
  };
}

function phaseOf(journal: Journal, gate: GateProgress | undefined, hold: HoldProgress | undefined): string {
  if (journal.some(({ kind }) => kind === 'ended')) return 'ended';
  if (hold) return `hold-${hold.step}`;
  if (gate) return `gate-${gate.gate}`;
  const began = entriesOf(journal, 'step-began').findLast(({ step }) => !isGuard(step));
  return began?.step ?? assess.name;
}

const ignoredShown = 5;

/** Progress as a pure function of the journal. */
export function progressOf(journal: Journal, subject: Subject): Progress {
  const { service, operation, workflowId, plan } = subject;
  const gate = openGate(journal);
  const hold = openHold(journal, plan);
  const outage = outageIn(journal, plan);
  const ended = entriesOf(journal, 'ended').at(-1);
  const startedAt = journal[0]?.at;
  return {
    service,
    operation,
    workflowId,
    ...(startedAt !== undefined && { startedAt }),
    ...(plan && { from: plan.from, target: plan.target }),
    phase: phaseOf(journal, gate, hold),
    ...(ended && { outcome: ended.outcome, reason: ended.reason }),
    ...(ended?.leftBy && { leftBy: ended.leftBy }),
    steps: stepProgress(journal, subject, hold?.step),
    situation: situationIn(journal, subject),
    ...(gate && { gate }),
    ...(hold && { hold }),
    ...(outage && { outage }),
    counts: countsOf(journal),
    cancelRequested: journal.some(({ kind }) => kind === 'cancel-requested'),
    escalated: entriesOf(journal, 'escalated').map(({ to, why, at }) => ({ to, why, at })),
    acknowledgedBy: entriesOf(journal, 'acknowledged').map(({ by }) => by),
    annotations: annotationsIn(journal),
    ignored: entriesOf(journal, 'message-ignored')
      .slice(-ignoredShown)
      .map(({ at, message, by, why }) => ({ at, message, by, why })),
  };
}
