import type { OperationId } from './names.ts';
import type { RollbackRequest } from './request.ts';
import type { ServiceDefinition } from './service.ts';
import type { Fault } from './failures.ts';

/** A migration, as Alembic's own history has it. */
export interface Revision {
  revision: string;
  /** Revisions that this one stands on; empty for the first. */
  parents: string[];
  message: string;
  /** File in the image. */
  path: string;
}

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

/**
 * Everything decided, pinned before anything is touched (law 2). The hash that people approve is over this,
 * and over the findings of the steps before the gate; never over observations.
 */
export interface Plan {
  operation: OperationId;
  service: ServiceDefinition;
  request: RollbackRequest;
  database: {
    /** `system_identifier` of the server. */
    server: string;
    serverMajor: number;
    name: string;
    owner: string;
    /** Role of the application's URL. */
    role: string;
    /** Name under which the database is taken aside while writes are stopped. */
    aside: string;
  };
  /** Revision found, and the explicit one to move to; `base` is the empty schema. */
  from: string;
  target: string;
  /** Migrations to be reverted, newest first. */
  reverts: Revision[];
  /** Image that holds the newest revision and runs the downgrade, and the workload template it is cloned from. */
  migrationImage: string;
  /** Image that dumps and restores. */
  jobImage: string;
  workloads: PlannedWorkload[];
  cronJobs: PlannedCronJob[];
  /** Set where the record of an unfinished operation was taken up. */
  takesUp?: { operation: OperationId; pivotPassed: boolean };
  /** How many people gate `downgrade` needs. */
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
  /** Last error lines of the application's logs, redacted. */
  errors: string[];
  /** What a person should know: autoscalers, slots, things found stopped already. */
  notes: string[];
  /** Evidence that the plan rests on but does not prove. */
  notVerified: string[];
}

/** What `assess` answers: refusal with every fault named, nothing to do, or a plan. */
export type Assessment =
  | { kind: 'refused'; faults: Fault[] }
  | { kind: 'nothing-to-do'; reason: string; revision: string }
  | { kind: 'planned'; plan: Plan; hash: string; observations: Observations; searchAttributes: boolean };
