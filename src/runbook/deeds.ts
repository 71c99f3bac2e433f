import type { Journal } from './journal.ts';
import type { OperationId } from './names.ts';
import type { Outcome } from './outcome.ts';
import type { Assessment, Plan } from './plan.ts';
import type { StepName } from './steps.ts';

/** A large result, kept in storage; history carries its summary only. */
export interface Evidence {
  /** At most 4 KB. */
  summary: string;
  ref: string;
  sha256: string;
}

/** A writer that came back while writes were stopped. `reachedDatabase` tells whether it got a session. */
export interface Breach {
  at: string;
  what: string;
  reachedDatabase: boolean;
}

export interface StoppedWrites {
  /** When there had been no foreign session for the quiet time; ISO 8601. */
  at: string;
  /** Rows of every table after the stop. */
  counts: Record<string, number>;
  sessionsEnded: number;
  jobsEnded: string[];
  /** What had been stopped before Backstep came. */
  alreadyStopped: string[];
}

/** A dump on a volume, read back in full. */
export interface Backup {
  file: string;
  manifest: string;
  claim: string;
  bytes: number;
  sha256: string;
  /** Rows by table as read from the dump; equal to the catalog's at the dump's own snapshot. */
  counts: Record<string, number>;
  extensions: string[];
  /** Snapshot time; ISO 8601. */
  takenAt: string;
  seconds: number;
  client: string;
  proof: 'read';
}

export interface Downgrade {
  from: string;
  to: string;
  /** False where the database was at the target already. */
  moved: boolean;
  seconds: number;
  job: string;
}

export interface Verification {
  revision: string;
  counts: Record<string, number>;
  /** What was compared, in words, for people. */
  checked: string[];
  notVerified: string[];
  /** Tables that the downgrade drops, with the rows they held after the stop. */
  dropped: Record<string, number>;
}

export interface RolledBackApp {
  workloads: { deployment: string; image: string; from: string }[];
  cronJobs: { name: string; image?: string }[];
  /** CronJobs without a fitting image: they stay suspended. */
  staySuspended: string[];
}

export interface StartedApp {
  workloads: { deployment: string; replicas: number; seconds: number }[];
  health: { deployment: string; path: string; status: number }[];
}

export interface ResumedCronJob {
  name: string;
  /** The Job that succeeded; absent where the CronJob stays suspended by definition or for want of an image. */
  job?: string;
  staysSuspended: boolean;
  seconds: number;
}

export interface PutBack {
  workloads: { deployment: string; replicas: number }[];
  cronJobs: { name: string; suspended: boolean }[];
  database: string;
}

export interface Restored {
  /** The failed database, kept. */
  kept: string;
  counts: Record<string, number>;
  revision: string;
  seconds: number;
}

export interface ReportFiles {
  markdown: string;
  json: string;
}

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
  'stop-writes'(input: Tried & { workflowId: string; runId: string; again: boolean }): Promise<StoppedWrites>;
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
  report(input: { plan: Plan; hash: string; journal: Journal; outcome: Outcome; keepRecord: boolean }): Promise<ReportFiles>;
}

type Same<A, B> = [A] extends [B] ? ([B] extends [A] ? true : never) : never;
export const everyStepHasItsDeed: Same<keyof Deeds, StepName> = true;

export type DeedInput<S extends StepName> = Parameters<Deeds[S]>[0];
export type DeedOutput<S extends StepName> = Awaited<ReturnType<Deeds[S]>>;
