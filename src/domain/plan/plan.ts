import type { Diagnosis } from '../diagnosis.ts';
import type { OperationId } from '../names.ts';
import type { EmergencyRequest } from './emergency-request.ts';
import type { Pause } from './pauses.ts';
import type { Recovery, PointInTimeRequest } from './point-in-time.ts';
import type { MigrationCode } from '../migration-code.ts';
import type { RollbackRequest } from './request.ts';
import type { ServiceDefinition } from '../definition/service.ts';
import type { Revision } from './revision.ts';
import type { Source } from './source.ts';
import type { Fault } from '../failures.ts';

/** A Deployment as found, as wanted, and the release that fits the target. */
export interface PlannedWorkload {
  deployment: string;
  found: { replicas: number; image: string };
  wanted: { replicas: number };
  /** Absent where no release fits: `roll-back-app` then holds. */
  rollBackTo?: PlannedRelease;
}

export interface PlannedRelease {
  /** Revision of the Deployment (`kubectl rollout history`); absent where the definition names an image. */
  revision?: number;
  replicaSet?: string;
  image: string;
}

export interface PlannedCronJob {
  name: string;
  found: { suspended: boolean; image: string };
  wanted: { suspended: boolean };
  /** Absent where no image fits: the CronJob stays suspended and the report names it. */
  rollBackTo?: { image: string };
}

/** What is asked for, by workflow type. */
export type OperationRequest =
  | { kind: 'rollback'; request: RollbackRequest }
  | { kind: 'emergency-restore'; request: EmergencyRequest }
  | { kind: 'point-in-time-restore'; request: PointInTimeRequest };
export type PlanKind = OperationRequest['kind'];

/**
 * Everything decided, pinned before anything is touched (law 2). The hash that people approve is over this,
 * and over the findings of the steps before the gate; never over observations.
 */
export type Plan = RollbackPlan | EmergencyPlan | PointInTimePlan;
export type RollbackPlan = Pinned & { kind: 'rollback'; request: RollbackRequest };
export type EmergencyPlan = Pinned & {
  kind: 'emergency-restore';
  request: EmergencyRequest;
  /** What is restored from, read in full; `target` is the revision in it. */
  source: Source;
};

/** `target` is the revision that the database had at the recovery time. */
export type PointInTimePlan = Pinned & {
  kind: 'point-in-time-restore';
  request: PointInTimeRequest;
  recovery: Recovery;
};

interface Pinned {
  operation: OperationId;
  service: ServiceDefinition;
  database: {
    /** `system_identifier` of the server. */
    server: string;
    serverMajor: number;
    name: string;
    owner: string;
    /** Role of the application's URL. */
    role: string;
    /** Name under which the database is fenced off while writes are stopped. */
    fencedName: string;
  };
  /** Revision found, and the explicit one at which the database will be; `base` is the empty schema. */
  from: string;
  target: string;
  /** Migrations to be reverted, newest first; none where the database is restored. */
  reverts: Revision[];
  /** Image that holds the newest revision: it runs the downgrade, where there is one. */
  migrationImage: string;
  /** Image that dumps and restores. */
  jobImage: string;
  workloads: PlannedWorkload[];
  cronJobs: PlannedCronJob[];
  /** What else is paused while writes are stopped. */
  pauses: Pause[];
  /** Set where the record of an unfinished operation was taken up. */
  takesUp?: { operation: OperationId; pivotPassed: boolean };
  /** How many people gate `downgrade` needs, or gate `restore` of an emergency restore that loses nothing. */
  people: number;
}

/** Seen, not decided; shown to people, no part of the hash. */
export interface Observations {
  /** Rows by table, counted while writes may still go on. */
  counts: Record<string, number>;
  databaseBytes: number;
  sessions: { role: string; application: string; count: number }[];
  /** Pods of the workloads, with what keeps them from being ready. */
  pods: { name: string; ready: boolean; reason?: string }[];
  /** The runbook's decision with its evidence; absent where writes were stopped already. */
  diagnosis?: Diagnosis;
  /** The source of what would be run, as the image has it; at most 4 KB, redacted. */
  downgrades: MigrationCode[];
  /** Last error lines of the application's logs, redacted. */
  errors: string[];
  /** What a person should know: autoscalers, slots, things found stopped already. */
  notes: string[];
  /** Evidence that the plan rests on but does not prove. */
  notVerified: string[];
}

/** Whom the definition tells, where there is no plan that holds it. */
export type NotificationSettings = Pick<ServiceDefinition, 'notify' | 'namespace'>;

/**
 * What `assess` answers: refusal with every fault named, nothing to do, or a plan. `notificationSettings` where an alert asked:
 * no person reads the answer.
 */
export type Assessment =
  | { kind: 'refused'; faults: Fault[]; notificationSettings?: NotificationSettings }
  | { kind: 'nothing-to-do'; reason: string; revision: string; notificationSettings?: NotificationSettings }
  | { kind: 'planned'; plan: Plan; hash: string; observations: Observations; searchAttributes: boolean };
