import type { Journal } from '../domain/journal/journal.ts';
import type { PlanKind, Plan } from '../domain/plan/plan.ts';
import { declared, orders, stepTitle } from '../activities/steps.ts';

export type StepState = 'to-do' | 'running' | 'done' | 'failed' | 'holding' | 'skipped';

/** One line of the list of steps: what happened, or what is still to come. Times are ISO 8601. */
export interface StepProgress {
  step: string;
  /** Which CronJob, for `resume-cron-jobs`. */
  part?: string;
  title: string;
  state: StepState;
  try: number;
  startedAt?: string;
  endedAt?: string;
  /** What it found, or why it failed. */
  summary?: string;
  notes?: string[];
}

interface OfStep {
  step: string;
  try: number;
  part?: string;
}

const same = (line: StepProgress, entry: OfStep) =>
  line.step === entry.step && line.try === entry.try && line.part === entry.part;

/** Skipped after a failure, or before it had begun. */
function skip(lines: StepProgress[], journal: Journal, name: string): void {
  const hold = journal.findLast((entry) => entry.kind === 'hold-opened' && entry.hold === name);
  if (hold?.kind !== 'hold-opened') return;
  const { step, part, fault } = hold;
  const tried = lines.findLast((line) => line.step === step && line.part === part);
  if (tried) tried.state = 'skipped';
  else
    lines.push({
      step,
      ...(part !== undefined && { part }),
      title: stepTitle(step),
      state: 'skipped',
      try: 1,
      summary: fault.message,
    });
}

/** The lines of what happened so far, one for each try of a step. */
function happened(journal: Journal): StepProgress[] {
  const lines: StepProgress[] = [];
  for (const entry of journal) {
    if (entry.kind === 'step-began') {
      lines.push({
        step: entry.step,
        ...(entry.part !== undefined && { part: entry.part }),
        title: stepTitle(entry.step),
        state: 'running',
        try: entry.try,
        startedAt: entry.at,
      });
    } else if (entry.kind === 'step-ended' || entry.kind === 'step-failed') {
      const line = lines.find((candidate) => same(candidate, entry));
      if (line === undefined) continue;
      line.endedAt = entry.at;
      line.state = entry.kind === 'step-ended' ? 'done' : 'failed';
      line.summary = entry.kind === 'step-ended' ? entry.summary : entry.fault.message;
      if (entry.kind === 'step-ended' && entry.notes) line.notes = entry.notes;
    } else if (entry.kind === 'hold-closed' && entry.decision === 'skip') {
      skip(lines, journal, entry.hold);
    }
  }
  return lines;
}

/** True once the operation no longer follows its order: it is put back, restored, aborted or has ended. */
const leftTheOrder = (journal: Journal) =>
  journal.some(
    (entry) => entry.kind === 'ended' || (entry.kind === 'step-began' && declared(entry.step)?.undoes),
  );

interface Of {
  kind: PlanKind;
  plan?: Plan;
}

function toCome(journal: Journal, begun: StepProgress[], { kind, plan }: Of): StepProgress[] {
  const order = orders[kind];
  const lines = order.flatMap(({ name: step, parts }): { step: string; part?: string }[] =>
    parts && plan ? parts(plan).map((part) => ({ step, part })) : [{ step }],
  );
  const remaining = leftTheOrder(journal) ? lines.slice(-1) : lines;
  return remaining
    .filter(({ step, part }) => !begun.some((line) => line.step === step && line.part === part))
    .map(({ step, part }) => ({
      step,
      ...(part !== undefined && { part }),
      title: stepTitle(step),
      state: 'to-do' as const,
      try: 1,
    }));
}

/** Steps in the order in which they began, then those still to come. `holding` names the step of the open hold. */
export function stepProgress(journal: Journal, of: Of, holding: string | undefined): StepProgress[] {
  const lines = happened(journal);
  const held = holding === undefined ? undefined : lines.findLast(({ step }) => step === holding);
  if (held?.state === 'failed') held.state = 'holding';
  return [...lines, ...toCome(journal, lines, of)];
}
