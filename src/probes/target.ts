import { fault } from '../domain/failures.ts';
import type { Plan, PlanKind } from '../domain/plan/plan.ts';
import type { RollbackRequest } from '../domain/plan/request.ts';
import type { OperationRecord } from '../domain/record.ts';
import type { HistoryRevision } from '../migrations/tool.ts';
import type { DatabaseFacts } from './database.ts';
import { earlier } from './earlier.ts';
import { found, lacking, nothingToDo, type Findings } from './findings.ts';
import type { SeenImage } from './images.ts';
import { migrationImage } from './migration-image.ts';
import type { ProbeContext } from './context.ts';
import type { ServerFacts } from './server.ts';

/** What is asked for, as far as the target goes. */
export interface Wanted {
  request: RollbackRequest;
  kind: PlanKind;
  /** The revision may stay as it is: the rows are what goes back. */
  mayStay: boolean;
}

/** From where the database moves, and what was asked for. */
export interface Beginning {
  /** Of an operation that is taken up. */
  record?: OperationRecord;
  from: string;
  /** `-1`, or a revision. */
  requestedTarget: string;
}

/** Where the database will be, and by which image. */
export type Target = Pick<Plan, 'from' | 'target' | 'migrationImage'> & { reverts: HistoryRevision[] };

/**
 * Decides whether there is something to move, and from where: by earlier operations, and by the database's revision.
 * No image is asked for that.
 */
export function begin(
  { service, operation, onlyPlan, tool }: ProbeContext,
  { server, database: { revisions } }: { server: ServerFacts; database: DatabaseFacts },
  { request, kind, mayStay }: Wanted,
): Findings<Beginning> {
  const wanted = { operation, request, onlyPlan, coolDown: service.coolDown, now: Date.now(), kind };
  const before = earlier(wanted, { ...server, revisions });
  if (before.facts === undefined) return { ...before, facts: undefined };
  const { record, requestedTarget } = before.facts;
  const current = record === undefined ? revisions : [record.from];
  const [from, ...others] = current;
  const first = tool.resolve(requestedTarget, [], current);
  if (record === undefined && !mayStay) {
    if (first.kind === 'there') return alreadyAt(first.revision);
    if (from === requestedTarget && others.length === 0) return alreadyAt(from);
  }
  if (from !== undefined && others.length === 0) return found({ ...before.facts, from }, before);
  const none = fault('TargetUnknown', 'The database is at no revision: there is nothing to go back from.');
  return lacking([first.kind === 'refused' ? first.fault : none], before.notes);
}

/** Pins the target revision, and the image that moves the database there (law 2; runbook, Steps 3 and 4). */
export function aim(
  { service, tool }: ProbeContext,
  { before, database, images }: { before: Beginning; database: DatabaseFacts; images: SeenImage[] },
  { mayStay }: Wanted,
): Findings<Target> {
  const { databaseUrl } = service.migrations;
  const env = 'env' in databaseUrl ? databaseUrl.env : databaseUrl.file;
  const chosen = migrationImage(images, { tool, holds: before.from, current: database.revisions, env });
  if (chosen.facts === undefined) return { ...chosen, facts: undefined };
  const { image, history } = chosen.facts;
  const resolved = tool.resolve(before.requestedTarget, history, [before.from]);
  if (resolved.kind === 'refused') return lacking([...chosen.faults, resolved.fault], chosen.notes);
  if (resolved.kind === 'there' && !mayStay) return alreadyAt(resolved.revision);
  const { from, target, reverts } =
    resolved.kind === 'move' ? resolved : { from: resolved.revision, target: resolved.revision, reverts: [] };
  return found({ from, target, reverts, migrationImage: image }, chosen);
}

const alreadyAt = (revision: string): Findings<never> =>
  nothingToDo({ reason: `The database is at ${revision} already.`, revision });
