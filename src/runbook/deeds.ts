import type {
  Backup,
  Breach,
  Downgrade,
  PutBack,
  ReportFiles,
  Restored,
  ResumedCronJob,
  RolledBackApp,
  StartedApp,
  StoppedWrites,
  Verification,
} from './findings.ts';
import type { Journal } from './journal.ts';
import type { OperationId } from './names.ts';
import type { Outcome } from './outcome.ts';
import type { Assessment, Plan } from './plan.ts';
import type { StepName } from './steps.ts';

export type * from './findings.ts';

export interface Tried {
  plan: Plan;
  /** 1, and one more for each `retry` by a person. */
  try: number;
}

/** One deed a step: what the workflow asks for, what the activity answers. A missing deed does not compile. */
export interface Deeds {
  assess(input: {
    request: Plan['request'];
    operation: OperationId;
    workflowId: string;
    runId: string;
    /** True for `backstep plan`: only tell, even where an operation is open. */
    onlyPlan: boolean;
  }): Promise<Assessment>;
  /** `again` after a failed start: the counts taken first stay. */
  'stop-writes'(
    input: Tried & { workflowId: string; runId: string; temporalNamespace?: string; again: boolean },
  ): Promise<StoppedWrites>;
  /** Runs until cancelled; answers with the breaches seen. */
  'keep-writes-stopped'(input: { plan: Plan }): Promise<{ breaches: Breach[] }>;
  'back-up'(input: Tried): Promise<Backup>;
  downgrade(input: Tried & { backup: Backup; approved: string }): Promise<Downgrade>;
  verify(input: Tried & { stopped: StoppedWrites }): Promise<Verification>;
  'roll-back-app'(input: Tried): Promise<RolledBackApp>;
  'start-app'(input: Tried): Promise<StartedApp>;
  'resume-cron-jobs'(input: Tried & { cronJob: string }): Promise<ResumedCronJob>;
  /** Before the pivot: as found. After a restore: `app` is the newer release again, since images were not moved back. */
  'put-back'(input: Tried): Promise<PutBack>;
  restore(input: Tried & { backup: Backup }): Promise<Restored>;
  /** Writes the files, removes the operation's Jobs and Secrets, and closes the record unless writes stay stopped. */
  report(input: {
    plan: Plan;
    hash: string;
    journal: Journal;
    outcome: Outcome;
    keepRecord: boolean;
  }): Promise<ReportFiles>;
}

type Same<A, B> = [A] extends [B] ? ([B] extends [A] ? true : never) : never;
export const everyStepHasItsDeed: Same<keyof Deeds, StepName> = true;

export type DeedInput<S extends StepName> = Parameters<Deeds[S]>[0];
export type DeedOutput<S extends StepName> = Awaited<ReturnType<Deeds[S]>>;
