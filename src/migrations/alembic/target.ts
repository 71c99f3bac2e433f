import { fault, type Fault } from '../../domain/failures.ts';
import { base, isRelative } from '../../domain/plan/revision.ts';
import type { HistoryRevision, Target } from '../tool.ts';

/** Alembic looks for revisions by their beginning only where their id is longer than this. */
const shortestCut = 3;

/**
 * Resolves what was asked for (`-1`, `-2`, `base`, a revision or the beginning of one) to one explicit
 * revision, and lists what a downgrade to it reverts (law 2; runbook, Step 4). Alembic's own `-1` means
 * another revision when run twice, and with several current revisions any of them.
 */
export function resolveTarget(
  requested: string,
  history: readonly HistoryRevision[],
  current: readonly string[],
): Target {
  const [from, ...others] = current;
  if (from === undefined) {
    if (requested === base) return { kind: 'there', revision: base };
    return refused('TargetUnknown', 'The database is at no revision: there is nothing to roll back.');
  }
  if (others.length > 0) {
    const text = `The database is at ${current.length} revisions at once: ${current.toSorted().join(', ')}.`;
    return refused('SeveralHeads', text);
  }
  const known = new Map(history.map((revision) => [revision.revision, revision]));
  const found = known.get(from);
  if (found === undefined)
    return refused(
      'TargetUnknown',
      `The image does not know revision ${from}, at which the database is. ${listed(history)}`,
    );
  const named = isRelative(requested) ? stepsBack(found, requested, known) : byName(requested, known);
  if (typeof named !== 'string') return { kind: 'refused', fault: named };
  if (named === from) return { kind: 'there', revision: from };
  return move(found, named, known, history);
}

/** As many as a person reads; what is meant is nearly always among the newest. */
const mostListed = 20;

/** The choice that a person has, newest first (runbook, Step 3: `alembic history`). */
function listed(history: readonly HistoryRevision[], text = 'It has'): string {
  const ids = history.slice(0, mostListed).map(({ revision }) => revision);
  const more = history.length > mostListed ? ` and ${history.length - mostListed} older ones` : '';
  return ids.length === 0 ? '' : `${text}, newest first: ${ids.join(', ')}${more}.`;
}

type Known = ReadonlyMap<string, HistoryRevision>;

const refused = (...text: Parameters<typeof fault>): Target => ({ kind: 'refused', fault: fault(...text) });

/** Walks down from the current revision; a merge has no single revision below it. */
function stepsBack(from: HistoryRevision, requested: string, known: Known): string | Fault {
  let at: HistoryRevision | undefined = from;
  for (let left = Number(requested.slice(1)), gone = 0; left > 0; left--, gone++) {
    if (at === undefined) {
      return fault(
        'TargetUnknown',
        `${requested} goes too far: only ${gone} migrations lie below ${from.revision}. ${listed([...known.values()])}`,
      );
    }
    if (at.parents.length > 1) {
      const text = `${requested} is not clear: ${at.revision} merges ${at.parents.join(' and ')}. Name one revision.`;
      return fault('SeveralHeads', text);
    }
    const below: string | undefined = at.parents[0];
    at = below === undefined ? undefined : known.get(below);
  }
  return at?.revision ?? base;
}

function byName(requested: string, known: Known): string | Fault {
  if (requested === base || known.has(requested)) return requested;
  const fitting = [...known.keys()].filter((id) => id.length > shortestCut && id.startsWith(requested));
  const [only, ...others] = fitting;
  if (only === undefined)
    return fault('TargetUnknown', `The history has no revision ${requested}. ${listed([...known.values()])}`);
  if (others.length === 0) return only;
  return fault('TargetUnknown', `${requested} is the beginning of several revisions: ${fitting.join(', ')}.`);
}

function move(
  from: HistoryRevision,
  target: string,
  known: Known,
  history: readonly HistoryRevision[],
): Target {
  const applied = standsOn(from.revision, known);
  if (target !== base && !applied.has(target)) {
    const below = history.filter(({ revision }) => revision !== from.revision && applied.has(revision));
    const text = `${target} is not below ${from.revision}, at which the database is. ${listed(below, 'Below it are')}`;
    return refused('TargetNotAncestor', text);
  }
  const reverted = (id: string) => target === base || (id !== target && standsOn(id, known).has(target));
  const stays = [...applied].filter((id) => !reverted(id));
  const below = new Set(stays.flatMap((id) => under(known.get(id))));
  const left = stays.filter((id) => !below.has(id));
  if (left.some((id) => id !== target)) {
    const text = `Below the merge the database would be at several revisions at once: ${left.toSorted().join(', ')}.`;
    return refused('SeveralHeads', `${text} ${target} alone cannot be reached.`);
  }
  const reverts = newestFirst(
    from.revision,
    history.filter((each) => applied.has(each.revision) && reverted(each.revision)),
  );
  return { kind: 'move', from: from.revision, target, reverts };
}

const under = (revision: HistoryRevision | undefined) =>
  revision === undefined ? [] : [...revision.parents, ...(revision.dependencies ?? [])];

/** The revision itself and everything it stands on. */
function standsOn(revision: string, known: Known): Set<string> {
  const seen = new Set([revision]);
  for (const id of seen) for (const parent of under(known.get(id))) seen.add(parent);
  return seen;
}

/** A revision comes before everything it stands on; otherwise as the history lists them. */
function newestFirst(from: string, reverts: HistoryRevision[]): HistoryRevision[] {
  const waiting = new Map(reverts.map((each) => [each.revision, each]));
  const ordered: HistoryRevision[] = [];
  while (waiting.size > 0) {
    const covered = new Set([...waiting.values()].flatMap(under));
    const free = [...waiting.values()].filter((each) => !covered.has(each.revision));
    if (free.length === 0) throw new RangeError(`The history below ${from} runs in a circle`);
    for (const each of free) {
      ordered.push(each);
      waiting.delete(each.revision);
    }
  }
  return ordered;
}
