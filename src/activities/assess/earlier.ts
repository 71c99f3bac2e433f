import { fault, type Fault } from '../../domain/failures.ts';
import type { OperationId } from '../../domain/names.ts';
import type { FinishedOperation, OperationRecord } from '../../domain/record.ts';
import type { PlanKind } from '../../domain/plan/plan.ts';
import type { RollbackRequest } from '../../domain/plan/request.ts';
import { duration } from '../../domain/text.ts';
import { isRelative, revisionText } from '../../domain/plan/revision.ts';

/** What operations before this one mean for it. */
export type Earlier =
  | { kind: 'fresh'; asked: string }
  /** The record of this operation, or of one that ended unfinished: revisions come from it. */
  | { kind: 'takes-up'; record: OperationRecord; open: boolean }
  | { kind: 'nothing-to-do'; reason: string }
  | { kind: 'refused'; fault: Fault };

interface EarlierQuery {
  operation: OperationId;
  request: RollbackRequest;
  onlyPlan: boolean;
  /** Milliseconds after a rollback in which `-1` is not done again. */
  coolDown: number;
  /** Milliseconds since 1970. */
  now: number;
  /** Absent of a rollback. */
  kind?: PlanKind | undefined;
}

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
export function earlier(asked: EarlierQuery, found: Found): Earlier {
  const { record } = found;
  if (record !== undefined) return unfinished(asked, record, found.open);
  const mine = found.finished.find(({ operation }) => operation === asked.operation);
  if (mine !== undefined) return { kind: 'fresh', asked: mine.target };
  const again = found.finished.findLast((done) => stillCools(asked, done, found.revisions));
  if (again === undefined) return { kind: 'fresh', asked: asked.request.target };
  const ago = duration(asked.now - Date.parse(again.endedAt));
  return {
    kind: 'nothing-to-do',
    reason: `Operation ${again.operation} rolled this database back from ${again.from} to ${again.target} ${ago} ago, and it is there. To go further, name the revision.`,
  };
}

function unfinished(
  { operation, request, onlyPlan, kind }: EarlierQuery,
  record: OperationRecord,
  open: boolean,
): Earlier {
  if (record.operation === operation) return { kind: 'takes-up', record, open: false };
  if (open && !onlyPlan) {
    const where = record.temporalNamespace ? ` in Temporal namespace ${record.temporalNamespace}` : '';
    const words = `Operation ${record.operation} on this database is open: workflow ${record.workflowId}${where}, since ${record.startedAt}.`;
    return { kind: 'refused', fault: fault('AlreadyRunning', words) };
  }
  // Each knows how to go on with its own: the Secrets may lead to another instance by now, or another database
  // may have taken the name.
  if (record.kind !== kind) {
    const words = `Operation ${record.operation} on this database is unfinished, and is ${inKind(record.kind)}, not ${inKind(kind)}: start that again, to take it up.`;
    return { kind: 'refused', fault: fault('UnfinishedOperation', words) };
  }
  if (!isRelative(request.target) && !record.target.startsWith(request.target)) {
    const words = `Operation ${record.operation} from ${record.from} to ${record.target} is unfinished, and now ${request.target} is asked for.`;
    return { kind: 'refused', fault: fault('UnfinishedOperation', words) };
  }
  return { kind: 'takes-up', record, open };
}

const inKind = (kind: PlanKind | undefined): string =>
  kind === undefined || kind === 'rollback'
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
