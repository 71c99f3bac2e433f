import { fault, type Fault } from '../../../domain/failures.ts';
import type { OperationId } from '../../../domain/names.ts';
import type { OperationRecord } from '../../../domain/record.ts';
import type { ServerFacts } from '../server.ts';

/** What operations before this one mean for an emergency restore. */
export type EarlierToRestore =
  | { kind: 'goes-on'; takesUp?: OperationRecord }
  | { kind: 'nothing-to-do'; reason: string }
  | { kind: 'refused'; fault: Fault };

/**
 * An emergency restore takes up whatever stands still, a rollback that was given up included: it is what one does
 * then. One that has ended is not done again by a *Reset*: rows have been written since (law 8).
 */
export function earlierToRestore(
  operation: OperationId,
  { record, open, finished }: Pick<ServerFacts, 'record' | 'open' | 'finished'>,
): EarlierToRestore {
  const mine = finished.find((done) => done.operation === operation);
  if (record === undefined && mine !== undefined) {
    const reason = `Operation ${operation} has ended already: ${mine.outcome}, at ${mine.endedAt}.`;
    return { kind: 'nothing-to-do', reason };
  }
  if (record?.kind === 'point-in-time-restore') {
    // The Secrets may lead to another instance by now, which only that knows how to go on with.
    const words = `Operation ${record.operation} on this database is unfinished, and is a point-in-time restore: start that again, to take it up.`;
    return { kind: 'refused', fault: fault('UnfinishedOperation', words) };
  }
  if (record === undefined || record.operation === operation || !open)
    return { kind: 'goes-on', ...(record && { takesUp: record }) };
  const where = record.temporalNamespace ? ` in Temporal namespace ${record.temporalNamespace}` : '';
  const words = `Operation ${record.operation} on this database is open: workflow ${record.workflowId}${where}, since ${record.startedAt}.`;
  return { kind: 'refused', fault: fault('AlreadyRunning', words) };
}
