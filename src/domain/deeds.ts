import type { DataDiff } from './data-diff.ts';
import type {
  Backup,
  Breach,
  Downgrade,
  HandedOver,
  PutInPlace,
  PutBack,
  ReportFiles,
  Restored,
  RestoredBeside,
  ResumedCronJob,
  RolledBackApp,
  StartedApp,
  StoppedWrites,
  Verification,
  WaysBack,
} from './findings.ts';
import type { EstimatedLosses } from './diagnosis.ts';
import type { Journal } from './journal/journal.ts';
import type { LiveRehearsal } from './live-rehearsal.ts';
import type { OperationId } from './names.ts';
import type { EmergencyRequest } from './plan/emergency-request.ts';
import type { Outcome } from './journal/outcome.ts';
import type { Asked, Assessment, EmergencyPlan, Plan, PointInTimePlan } from './plan/plan.ts';
import type {
  ComparedInstance,
  RestoredInstance,
  SwitchedBack,
  SwitchedDatabase,
} from './plan/point-in-time.ts';
import type { Rehearsal } from './rehearsal.ts';
import type { Snapshot } from './snapshot.ts';
import type { Salvage } from './salvage.ts';
import type { StepName } from './steps.ts';

export type * from './findings.ts';

export interface Tried {
  plan: Plan;
  /** 1, and one more for each `retry` by a person. */
  try: number;
}

/** Of an emergency restore. */
export interface TriedRestore {
  plan: EmergencyPlan;
  try: number;
}

/** Of a point-in-time restore. */
export interface TriedRecovery {
  plan: PointInTimePlan;
  try: number;
}

/** One activity a step: what the workflow asks for, what the activity answers. A missing activity does not compile. */
export interface Activities {
  assess(
    input: Asked & {
      operation: OperationId;
      workflowId: string;
      runId: string;
      /** True for `backstep plan`: only tell, even where an operation is open. */
      onlyPlan: boolean;
    },
  ): Promise<Assessment>;
  /** `again` after a failed start: the counts taken first stay. */
  'stop-writes'(
    input: Tried & { workflowId: string; runId: string; temporalNamespace?: string; again: boolean },
  ): Promise<StoppedWrites>;
  /** Runs until cancelled; answers with the breaches seen. */
  'guard-writes'(input: { plan: Plan }): Promise<{ breaches: Breach[] }>;
  /** Answers `made: false` where space, time or rights forbid it: the backup alone must do then. */
  snapshot(input: Tried): Promise<Snapshot>;
  /** Dumps the snapshot where that stands and `beside` says so, otherwise the database that is fenced off. */
  'back-up'(input: Tried & { snapshot?: Snapshot; beside?: boolean }): Promise<Backup>;
  rehearse(input: Tried & { snapshot: Snapshot }): Promise<Rehearsal>;
  /** Of a database that is in use; writes no record, and yields to a rollback. */
  'rehearse-live'(input: Tried): Promise<LiveRehearsal>;
  /** Keeps what the rehearsal found lost; without one what `first`, the data diff of `assess`, names and is there. */
  salvage(input: Tried & { rehearsal: Rehearsal; first?: EstimatedLosses }): Promise<Salvage>;
  downgrade(input: Tried & { waysBack: WaysBack; approved: string }): Promise<Downgrade>;
  verify(input: Tried & { stopped: StoppedWrites; rehearsal: Rehearsal }): Promise<Verification>;
  'roll-back-app'(input: Tried): Promise<RolledBackApp>;
  'start-app'(input: Tried): Promise<StartedApp>;
  'resume-cron-jobs'(input: Tried & { cronJob: string }): Promise<ResumedCronJob>;
  /** Before the pivot: as found. After a restore: `app` is the newer release again, since images were not moved back. */
  'put-back'(input: Tried): Promise<PutBack>;
  /** From the snapshot where it stands, otherwise from the backup. */
  restore(input: Tried & { snapshot: Snapshot; backup?: Backup }): Promise<Restored>;
  /** While a rollback of the service holds where it offers `restore`, decides that; otherwise says why not. */
  'hand-over'(input: { request: EmergencyRequest; try: number }): Promise<HandedOver>;
  /** Fills a new database beside the one that is fenced off, and compares it with what it was filled from. */
  'restore-beside'(input: TriedRestore): Promise<RestoredBeside>;
  /** What the database holds now, or held when it failed, and the restored one does not. */
  'data-diff'(
    input: Tried & {
      restored: Pick<RestoredBeside, 'database'>;
      /** The database that is compared with it, where that is not the one aside. */
      now?: string;
    },
  ): Promise<DataDiff>;
  /** Renames the restored database to the name of the one that is fenced off, and keeps that one. */
  'put-in-place'(
    input: TriedRestore & { restored: RestoredBeside; dataDiff: DataDiff; approved: string },
  ): Promise<PutInPlace>;
  /** Has the provider restore into a new instance, and fences the database off there too. */
  'restore-instance'(input: TriedRecovery): Promise<RestoredInstance>;
  /** Looks at the new instance, and at what the present one holds that it does not. */
  'compare-instance'(
    input: TriedRecovery & { restored: RestoredInstance; stopped: StoppedWrites },
  ): Promise<ComparedInstance>;
  /** Lets the Secrets of the definition lead to the new instance. */
  'switch-database'(
    input: TriedRecovery & { restored: RestoredInstance; compared: ComparedInstance; approved: string },
  ): Promise<SwitchedDatabase>;
  /** Lets them lead to the old one again, as long as nothing was written to the new one. */
  'switch-back'(
    input: TriedRecovery & { restored: RestoredInstance; compared: ComparedInstance },
  ): Promise<SwitchedBack>;
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
export const everyStepHasItsActivity: Same<keyof Activities, StepName> = true;

/** What `assess` is asked by one workflow type. */
export type AssessInput<K extends Asked['kind']> = Extract<ActivityInput<'assess'>, { kind?: K }>;

export type ActivityInput<S extends StepName> = Parameters<Activities[S]>[0];
export type ActivityOutput<S extends StepName> = Awaited<ReturnType<Activities[S]>>;
