import type { OperationId } from '../names.ts';
import type { LeftBy, Situation } from '../leads-to.ts';
import type { Outcome } from './outcome.ts';
import type { PlanKind } from '../plan/plan.ts';

/** Where the report lies. */
export interface ReportFiles {
  markdown: string;
  json: string;
  /** One file, with the timeline drawn. */
  html: string;
}

/** What a finished rollback answers. */
export interface Finished {
  /** Absent of a rollback. */
  kind: PlanKind;
  outcome: Outcome;
  reason: string;
  /** Who made it leave its order; absent where it went to its end. */
  leftBy?: LeftBy;
  /** At the end: whether writes are stopped, above all. */
  situation: Situation;
  operation: OperationId;
  /** Revision before and after; absent where nothing was planned. */
  from?: string;
  to?: string;
  /** Rows by table. */
  counts: { afterStop?: Record<string, number>; atEnd?: Record<string, number> };
  /** Where the report lies; absent where it could not be written. */
  report?: ReportFiles;
  /** What is not as it should be in the end, and needs a person. */
  attention: string[];
  notVerified: string[];
}

/** A rollback that was started under another workflow ID goes on under the service's own. */
export interface Continued {
  continuesAs: string;
  /** What the other one said, where it took over what was asked for. */
  said?: string;
}

export type RollbackResult = Finished | Continued;
