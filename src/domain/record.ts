import type { OperationId } from './names.ts';
import type { Pause } from './plan/pauses.ts';
import type { Endpoint, Recovery } from './plan/point-in-time.ts';
import type { PlanKind } from './plan/plan.ts';
import type { Source } from './plan/source.ts';
import type { MadeSnapshot } from './snapshot.ts';
import type { Backup } from './backup.ts';

/** A writer that came back while writes were stopped. `reachedDatabase` tells whether it got a session. */
export interface Breach {
  at: string;
  what: string;
  reachedDatabase: boolean;
}

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

/** A database, whatever it is called by now. */
interface ByOid {
  name: string;
  oid: number;
}

/** What takes the place of a database that failed. By OID: names are given again, as by a restore that was done twice. */
export interface Swap {
  /** With its name until then. */
  restored: ByOid;
  /** With the name under which it is kept. */
  failed: ByOid;
  from: Source['kind'];
  /** What a person must know of it or do. */
  notes: string[];
}

/**
 * The operation record: one a database, kept in a ConfigMap, written by compare-and-swap before the first
 * change and removed last (laws 4 and 6). What to put back comes from here, never from the stopped state.
 */
export interface OperationRecord {
  version: 1;
  operation: OperationId;
  kind: PlanKind;
  workflowId: string;
  /** Temporal namespace of that workflow: another worker may look from another one. */
  temporalNamespace?: string;
  /** First run of the chain: stays the same after a *Reset*. */
  runId: string;
  service: string;
  trigger?: string;
  namespace: string;
  startedAt: string;
  database: { server: string; name: string; fencedName: string };
  from: string;
  target: string;
  stopped: {
    workloads: StoppedWorkload[];
    cronJobs: StoppedCronJob[];
    /** What else was paused, each written here before it was. */
    paused: Pause[];
  };
  /** Prepared transactions, each written here before it was rolled back for good. */
  rolledBack: string[];
  /** Set when writes were first proved to have stopped: what a restore brings back. */
  frozen?: {
    at: string;
    counts: Record<string, number>;
    catalog: string;
    /** Of an emergency restore: tables that could not be counted, for they are damaged. */
    unreadable?: string[];
  };
  /**
   * What the downgraded database held when writes were stopped again, the application having run on it: what is
   * verified then. `frozen` stays what a restore brings back.
   */
  counted?: { at: string; counts: Record<string, number> };
  snapshot?: MadeSnapshot;
  backup?: Backup;
  breaches: Breach[];
  /** Of a point-in-time restore: where to, and the new instance; what takes it up goes on with the same. */
  recovery?: Pick<Recovery, 'to' | 'how' | 'evidence' | 'newInstance' | 'operation' | 'endpoint'>;
  /** Written just before the Secrets are switched to the new instance; gone again once they are switched back. */
  switched?: { to: Endpoint };
  /** Set just before the first downgrade Job is created, or the Secrets are switched to another instance. */
  pivotAt?: string;
  /** Set by what puts back, before it begins: from then on nothing else of this operation changes anything. */
  unwindingAt?: string;
  /**
   * Written before either is begun. A worker that lost touch with Temporal reads here that it has nothing to
   * keep stopped any more.
   */
  writes?: 'stopped' | 'resumed';
  /** Set once the application may have written since `frozen`: by start-app, or by stop-writes that finds so. */
  resumedAt?: string;
  /** Written just before a restore renames databases. */
  swap?: Swap;
  /** Databases kept under other names, which a person removes (`backstep artifacts`). */
  artifacts: string[];
}

export type Frozen = NonNullable<OperationRecord['frozen']>;
export type Counted = NonNullable<OperationRecord['counted']>;

/** Whether nobody has reached the database since a way back was made. */
export const isYounger = (wayBack: { takenAt: string }, breaches: readonly Breach[]): boolean =>
  breaches.every(
    ({ at, reachedDatabase }) => !reachedDatabase || Date.parse(at) < Date.parse(wayBack.takenAt),
  );

/** What the database must hold after the downgrade: where the application had run on it since, its rows too. */
export const verifiedAgainst = ({ counted, frozen }: OperationRecord, orElse: Counted): Counted => {
  const { at, counts } = counted ?? frozen ?? orElse;
  return { at, counts };
};

/** A finished operation, kept beside the record so that a *Reset* of an old run moves nothing again. */
export interface FinishedOperation {
  operation: OperationId;
  from: string;
  target: string;
  outcome: string;
  endedAt: string;
  trigger?: string;
  /** Databases that it left on the server. */
  artifacts: ArtifactDatabase[];
}

/** A database that an operation left for a person, and until when it stays by the definition; ISO 8601. */
export interface ArtifactDatabase {
  name: string;
  since: string;
  until: string;
}

const aWeek = 7 * 24 * 3_600_000;

/** What an operation that ends leaves on the server: its snapshot, unless that was used up, and failed databases. */
export function leftBehind(
  { snapshot, artifacts }: OperationRecord,
  endedAt: string,
  keepFor: number = aWeek,
): ArtifactDatabase[] {
  const until = new Date(Date.parse(endedAt) + keepFor).toISOString();
  return [
    ...(snapshot ? [{ name: snapshot.database, since: snapshot.takenAt, until: snapshot.keepUntil }] : []),
    ...artifacts
      .filter((name) => name !== snapshot?.database)
      .map((name) => ({ name, since: endedAt, until })),
  ];
}
