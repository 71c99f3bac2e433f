import type { Entry, Journal, EntryOf } from '../domain/journal/journal.ts';
import type { Notify } from '../domain/definition/notify.ts';
import type { Notification } from './notification.ts';

const isToldOf = ({ name, on }: Notify, { notify = [] }: EntryOf<'escalated'>): boolean =>
  notify.length > 0 ? notify.includes(name) : on.includes('escalation');

/**
 * Who is told: whoever wants to know of it, and of an escalation the channels that its level names. Whom an
 * escalation has reached is also told that somebody is on it, and that it has ended.
 */
export function recipientsOf(
  entry: Entry,
  { kind }: Notification,
  journal: Journal,
  notify: readonly Notify[],
): Notify[] {
  if (entry.kind === 'escalated') return notify.filter((each) => isToldOf(each, entry));
  const reached = (each: Notify) =>
    (entry.kind === 'acknowledged' || entry.kind === 'ended') &&
    journal.some((earlier) => earlier.kind === 'escalated' && isToldOf(each, earlier));
  return notify.filter((each) => each.on.includes(kind) || reached(each));
}
