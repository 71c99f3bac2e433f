import type { ClientErrorKind, End, Status } from '../client.ts';
import { outcomeOf } from '../views/facts.ts';

/** Exit statuses of every command. */
export const exit = {
  done: 0,
  failed: 1,
  badInput: 2,
  refused: 3,
  notRolledBack: 4,
  interrupted: 130,
} as const;
export type Exit = (typeof exit)[keyof typeof exit];

/** For the help; scripts rely on them. */
export const exitHelp = `Exit statuses:
  0  done. Rollback: rolled back, or nothing to do. Restore: restored.
     Rehearsal: the downgrade works, and loses nothing that could not be saved
  1  failed: Temporal cannot be reached, no worker answers, or an unexpected error
  2  bad input: arguments, request, or service definition
  3  refused, rejected with nothing stopped, or a rehearsal that yielded: nothing was changed
  4  not rolled back: it waits at a hold, or ended put back, restored, aborted or failed.
     Rehearsal: the downgrade fails, does nothing, leaves another schema than the migrations make,
     or loses what could not be saved
  130  Ctrl-C while watching: the operation itself goes on`;

export const ofError: Record<ClientErrorKind, Exit> = {
  invalid: exit.badInput,
  unreachable: exit.failed,
  none: exit.refused,
  'no-worker': exit.failed,
  refused: exit.refused,
  failed: exit.failed,
};

const badInput = /^(Invalid(Request|Definition)|Target(Unknown|NotAncestor)|SeveralHeads)$/;
const refused = /^(Refused|AlreadyRunning|UnfinishedOperation|CancelRequested)$/;

/** True where one of the faults is the caller's to correct. */
export const isBadInput = (types: readonly string[]) => types.some((type) => badInput.test(type));

/** Of a run that ended: by its outcome, or by the type of the failure it ended with. */
export function ofEnd(end: End): Exit {
  if ('result' in end) {
    if (!('outcome' in end.result)) return exit.done;
    if (outcomeOf(end.result).mood === 'good') return exit.done;
    return end.result.outcome === 'rejected' ? exit.refused : exit.notRolledBack;
  }
  const { type = '', faults = [] } = end.failure;
  if (isBadInput([type, ...faults])) return exit.badInput;
  return refused.test(type) ? exit.refused : exit.notRolledBack;
}

/** Of a rollback as it stands: an open one is fine unless it holds. */
export function ofStatus({ end, progress }: Status): Exit {
  if (end !== undefined) return ofEnd(end);
  return progress?.hold === undefined ? exit.done : exit.notRolledBack;
}
