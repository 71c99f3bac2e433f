import type { Backup, Breach } from './findings.ts';
import type { OperationId } from './names.ts';

/** What a workload was, and what it becomes when everything is put back. */
export interface StoppedWorkload {
  deployment: string;
  found: number;
  /** Replicas to put back: those found, or the definition's where it was found at 0 already (law 4). */
  putBack: number;
  /** Image found before anything was touched: what runs again after a restore. */
  image?: string;
}

export interface StoppedCronJob {
  name: string;
  found: { suspended: boolean };
  /** Suspension to put back: as found, or the definition's where it was found suspended already. */
  putBack: { suspended: boolean };
  image?: string;
}

/**
 * The operation record: one a database, kept in a ConfigMap, written by compare-and-swap before the first
 * change and removed last (laws 4 and 6). What to put back comes from here, never from the stopped state.
 */
export interface OperationRecord {
  version: 1;
  operation: OperationId;
  workflowId: string;
  /** Temporal namespace of that workflow: another worker may look from another one. */
  temporalNamespace?: string;
  /** First run of the chain: stays the same after a *Reset*. */
  runId: string;
  service: string;
  trigger?: string;
  namespace: string;
  startedAt: string;
  database: { server: string; name: string; aside: string };
  from: string;
  target: string;
  stopped: { workloads: StoppedWorkload[]; cronJobs: StoppedCronJob[] };
  /** Set once, when writes were first proved to have stopped. */
  frozen?: { at: string; counts: Record<string, number>; catalog: string };
  backup?: Backup;
  breaches: Breach[];
  /** Set just before the first downgrade Job is created. */
  pivotAt?: string;
  /**
   * Written before either is begun. A worker that lost touch with Temporal reads here that it has nothing to
   * keep stopped any more.
   */
  writes?: 'stopped' | 'resumed';
  /** Set once the application may have written again to the database (start-app). */
  resumedAt?: string;
  /** Databases kept aside, which a person removes. */
  kept: string[];
}

/** A finished operation, kept beside the record so that a *Reset* of an old run moves nothing again. */
export interface FinishedOperation {
  operation: OperationId;
  from: string;
  target: string;
  outcome: string;
  endedAt: string;
  trigger?: string;
}
