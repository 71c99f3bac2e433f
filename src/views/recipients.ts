import type { Entry, Journal } from '../domain/journal/journal.ts';
import { keepsIncidents, type Notify } from '../domain/definition/notify.ts';
import type { Notification } from './notification.ts';

/** Whether a channel is told where somebody is needed. */
function isAsked({ name, on }: Notify, entry: Entry): boolean {
  if (entry.kind === 'gate-opened') return on.includes('gate');
  if (entry.kind === 'hold-opened') return on.includes('hold');
  if (entry.kind !== 'escalated') return false;
  const { notify = [] } = entry;
  return notify.length > 0 ? notify.includes(name) : on.includes('escalation');
}

/**
 * Who is told: whoever wants to know of it, and of an escalation the channels that its level names. Whom an escalation
 * has reached is also told that somebody is on it, and that it has ended. A channel that keeps incidents is
 * always told when nobody is needed any more.
 */
export function recipientsOf(
  entry: Entry,
  { kind, state }: Notification,
  journal: Journal,
  notify: readonly Notify[],
): Notify[] {
  if (entry.kind === 'escalated') return notify.filter((each) => isAsked(each, entry));
  const over = entry.kind === 'acknowledged' || entry.kind === 'ended';
  const reached = (each: Notify) =>
    over && journal.some((earlier) => earlier.kind === 'escalated' && isAsked(each, earlier));
  const keepsOpen = (each: Notify) =>
    keepsIncidents(each) && state === 'settled' && journal.some((earlier) => isAsked(each, earlier));
  return notify.filter((each) => each.on.includes(kind) || reached(each) || keepsOpen(each));
}
