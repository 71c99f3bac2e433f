import { defined } from '../domain/defined.ts';
import { fault, type Fault } from '../domain/failures.ts';
import { found, lacking, nothingToDo, type Findings } from './findings.ts';
import type { OperationId } from '../domain/names.ts';
import type { FinishedOperation, OperationRecord } from '../domain/record.ts';
import type { PlanKind } from '../domain/plan/plan.ts';
import type { RollbackRequest } from '../domain/plan/request.ts';
import { duration, utc } from '../domain/text.ts';
import { isRelative, revisionText } from '../domain/plan/revision.ts';

/** From where to where, by what operations before this one mean for it. */
export interface Before {
  /** Of this operation, or of one that ended unfinished and is taken up: revisions come from it. */
  record?: OperationRecord;
  /** What is asked for: `-1`, or a revision. */
  requestedTarget: string;
}

interface EarlierQuery {
  operation: OperationId;
  request: RollbackRequest;
  onlyPlan: boolean;
  /** Milliseconds after a rollback in which `-1` is not done again. */
  coolDown: number;
  /** Milliseconds since 1970. */
  now: number;
  kind: PlanKind;
}

/** Of the database, as its server and the records know it. */
interface Found {
  record?: OperationRecord | undefined;
  finished: FinishedOperation[];
  /** Whether the run that wrote the record is open. */
  open: boolean;
  /** Revisions of the database. */
  revisions: string[];
}

/**
 * Decides between a fresh start, taking up what an earlier run left unfinished, and doing nothing (laws 2
 * and 6): `-1` again, right after a rollback, would go one migration further than anybody meant.
 */
export function earlier(query: EarlierQuery, { record, open, finished, revisions }: Found): Findings<Before> {
  if (record !== undefined) return unfinished(query, record, open);
  const mine = finished.find(({ operation }) => operation === query.operation);
  if (mine !== undefined) return found({ requestedTarget: mine.target });
  const again = finished.findLast((done) => stillCools(query, done, revisions));
  if (again === undefined) return found({ requestedTarget: query.request.target });
  const ago = duration(query.now - Date.parse(again.endedAt));
  const reason = `Operation ${again.operation} rolled this database back from ${again.from} to ${again.target} ${ago} ago, and it is there. To go further, name the revision.`;
  return nothingToDo({ reason, revision: revisionText(revisions) });
}

function unfinished(
  { operation, request, onlyPlan, kind }: EarlierQuery,
  record: OperationRecord,
  open: boolean,
): Findings<Before> {
  const takesUp = { record, requestedTarget: record.target };
  if (record.operation === operation) return found(takesUp);
  if (open && !onlyPlan) return lacking([alreadyRunning(record)]);
  // Each knows how to go on with its own: the Secrets may lead to another instance by now, or another database
  // may have taken the name.
  if (record.kind !== kind) {
    const text = `Operation ${record.operation} on this database is unfinished, and is ${inKind(record.kind)}, not ${inKind(kind)}: start that again, to take it up.`;
    return lacking([fault('UnfinishedOperation', text)]);
  }
  if (!isRelative(request.target) && !record.target.startsWith(request.target)) {
    const text = `Operation ${record.operation} from ${record.from} to ${record.target} is unfinished, and now ${request.target} is asked for.`;
    return lacking([fault('UnfinishedOperation', text)]);
  }
  const note = `Operation ${record.operation} on this database is open (workflow ${record.workflowId}).`;
  return found(takesUp, { notes: open ? [note] : [] });
}

function alreadyRunning(record: OperationRecord): Fault {
  const where = record.temporalNamespace ? ` in Temporal namespace ${record.temporalNamespace}` : '';
  const text = `Operation ${record.operation} on this database is open: workflow ${record.workflowId}${where}, since ${utc(record.startedAt)}.`;
  return fault('AlreadyRunning', text);
}

const inKind = (kind: PlanKind): string =>
  kind === 'rollback'
    ? 'a rollback'
    : `${kind === 'emergency-restore' ? 'an' : 'a'} ${kind.replaceAll('-', ' ')}`;

function stillCools(
  { request, coolDown, now }: EarlierQuery,
  done: FinishedOperation,
  revisions: string[],
): boolean {
  return (
    isRelative(request.target) &&
    (done.outcome === 'rolled-back' || (done.outcome === 'restored' && done.from !== done.target)) &&
    now - Date.parse(done.endedAt) < coolDown &&
    revisionText(revisions) === done.target
  );
}

/**
 * An emergency restore takes up whatever stands still, a rollback that was given up included: it is what one does
 * then. One that has ended is not done again by a *Reset*: rows have been written since (law 8).
 */
export function earlierToRestore(
  operation: OperationId,
  { record, open, finished, revisions }: Found,
): Findings<Pick<Before, 'record'>> {
  const mine = finished.find((done) => done.operation === operation);
  if (record === undefined && mine !== undefined) {
    const reason = `Operation ${operation} has ended already: ${mine.outcome}, at ${utc(mine.endedAt)}.`;
    return nothingToDo({ reason, revision: revisionText(revisions) });
  }
  if (record?.kind === 'point-in-time-restore') {
    // The Secrets may lead to another instance by now, which only that knows how to go on with.
    const text = `Operation ${record.operation} on this database is unfinished, and is a point-in-time restore: start that again, to take it up.`;
    return lacking([fault('UnfinishedOperation', text)]);
  }
  if (record === undefined || record.operation === operation || !open) return found(defined({ record }));
  return lacking([alreadyRunning(record)]);
}
