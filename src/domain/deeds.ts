import type { Census } from './data-diff.ts';
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
import type { FirstCensus } from './diagnosis.ts';
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
import type { RestorePoint } from './snapshot.ts';
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
export interface TriedMoment {
  plan: PointInTimePlan;
  try: number;
}

/** One deed a step: what the workflow asks for, what the activity answers. A missing deed does not compile. */
export interface Deeds {
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
  'keep-writes-stopped'(input: { plan: Plan }): Promise<{ breaches: Breach[] }>;
  /** Answers `made: false` where space, time or rights forbid it: the backup alone must do then. */
  'restore-point'(input: Tried): Promise<RestorePoint>;
  /** Dumps the restore point where that stands and `beside` says so, otherwise the database that is aside. */
  'back-up'(input: Tried & { point?: RestorePoint; beside?: boolean }): Promise<Backup>;
  rehearse(input: Tried & { point: RestorePoint }): Promise<Rehearsal>;
  /** Of a database that is in use; writes no record, and yields to a rollback. */
  'rehearse-live'(input: Tried): Promise<LiveRehearsal>;
  /** Keeps what the rehearsal found lost; without one what `first`, the census of `assess`, names and is there. */
  salvage(input: Tried & { rehearsal: Rehearsal; first?: FirstCensus }): Promise<Salvage>;
  downgrade(input: Tried & { waysBack: WaysBack; approved: string }): Promise<Downgrade>;
  verify(input: Tried & { stopped: StoppedWrites; rehearsal: Rehearsal }): Promise<Verification>;
  'roll-back-app'(input: Tried): Promise<RolledBackApp>;
  'start-app'(input: Tried): Promise<StartedApp>;
  'resume-cron-jobs'(input: Tried & { cronJob: string }): Promise<ResumedCronJob>;
  /** Before the pivot: as found. After a restore: `app` is the newer release again, since images were not moved back. */
  'put-back'(input: Tried): Promise<PutBack>;
  /** From the restore point where it stands, otherwise from the backup. */
  restore(input: Tried & { point: RestorePoint; backup?: Backup }): Promise<Restored>;
  /** While a rollback of the service holds where it offers `restore`, decides that; otherwise says why not. */
  'hand-over'(input: { request: EmergencyRequest; try: number }): Promise<HandedOver>;
  /** Fills a new database beside the one that is aside, and compares it with what it was filled from. */
  'restore-beside'(input: TriedRestore): Promise<RestoredBeside>;
  /** What the database holds now, or held when it failed, and the restored one does not. */
  census(
    input: Tried & {
      restored: Pick<RestoredBeside, 'database'>;
      /** The database that is compared with it, where that is not the one aside. */
      now?: string;
    },
  ): Promise<Census>;
  /** Renames the restored database to the name of the one that is aside, and keeps that one. */
  'put-in-place'(
    input: TriedRestore & { restored: RestoredBeside; census: Census; approved: string },
  ): Promise<PutInPlace>;
  /** Has the provider restore into a new instance, and takes the database aside there too. */
  'restore-instance'(input: TriedMoment): Promise<RestoredInstance>;
  /** Looks at the new instance, and at what the present one holds that it does not. */
  'compare-instance'(
    input: TriedMoment & { restored: RestoredInstance; stopped: StoppedWrites },
  ): Promise<ComparedInstance>;
  /** Lets the Secrets of the definition lead to the new instance. */
  'switch-database'(
    input: TriedMoment & { restored: RestoredInstance; compared: ComparedInstance; approved: string },
  ): Promise<SwitchedDatabase>;
  /** Lets them lead to the old one again, as long as nothing was written to the new one. */
  'switch-back'(
    input: TriedMoment & { restored: RestoredInstance; compared: ComparedInstance },
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
export const everyStepHasItsDeed: Same<keyof Deeds, StepName> = true;

/** What `assess` is asked by one workflow type. */
export type AssessInput<K extends Asked['kind']> = Extract<DeedInput<'assess'>, { kind?: K }>;

export type DeedInput<S extends StepName> = Parameters<Deeds[S]>[0];
export type DeedOutput<S extends StepName> = Awaited<ReturnType<Deeds[S]>>;
