import type { Entry, Journal } from './journal.ts';
import type { Notify } from './service/notify.ts';
import type { Tiding } from './tiding.ts';
import type { EntryOf } from './views.ts';

const isToldOf = ({ name, on }: Notify, { tell = [] }: EntryOf<'escalated'>): boolean =>
  tell.length > 0 ? tell.includes(name) : on.includes('escalation');

/**
 * Who is told: whoever wants to know of it, and of an escalation the channels that its rung names. Whom an
 * escalation has reached is also told that somebody is on it, and that it has ended.
 */
export function recipientsOf(
  entry: Entry,
  { kind }: Tiding,
  journal: Journal,
  notify: readonly Notify[],
): Notify[] {
  if (entry.kind === 'escalated') return notify.filter((each) => isToldOf(each, entry));
  const reached = (each: Notify) =>
    (entry.kind === 'acknowledged' || entry.kind === 'ended') &&
    journal.some((earlier) => earlier.kind === 'escalated' && isToldOf(each, earlier));
  return notify.filter((each) => each.on.includes(kind) || reached(each));
}
