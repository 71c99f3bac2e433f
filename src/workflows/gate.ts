import { condition, isCancellation } from '@temporalio/workflow';
import type { Event } from '../runbook/journal.ts';
import { shortHash } from '../runbook/hash.ts';
import type { Plan } from '../runbook/plan.ts';
import { mustBeConfirmed } from '../runbook/point-in-time.ts';
import type { GateName } from '../runbook/service.ts';
import { Leave, sentence } from './leave.ts';
import type { OpenGate, Operation } from './operation.ts';

type Closed = Extract<Event, { kind: 'gate-closed' }>;
export interface Verdict {
  passed: boolean;
  hash: string;
  /** In words: who approved, who refused and why, or that time ran out. */
  reason: string;
}

/** How many different people the policy wants here, and for how long the gate stays open. */
function policy(plan: Plan, gate: GateName, loses: boolean): { people: number; within: number } {
  const { start, downgrade, base, loss, restore } = plan.service.approvals;
  if (gate === 'downgrade') {
    const { within } = plan.target === 'base' ? base : downgrade;
    return { people: loses ? Math.max(plan.people, loss.people) : plan.people, within };
  }
  if (gate === 'restore')
    return loses ? { ...restore, people: Math.max(restore.people, loss.people) } : restore;
  // The database may have moved already, or the plan wants to be confirmed: nobody but a person says that this goes on.
  const confirms = plan.kind === 'point-in-time-restore' && mustBeConfirmed(plan.moment);
  return plan.takesUp?.pivotPassed || confirms ? { ...start, people: Math.max(1, start.people) } : start;
}

const because = (reason: string | undefined) => (reason === undefined ? '' : `: ${reason}`);

function verdictOf({
  gate,
  people,
  approvedBy,
  rejected,
}: OpenGate): Pick<Closed, 'verdict' | 'by' | 'reason'> & { said: string } {
  if (rejected)
    return {
      verdict: 'rejected',
      by: [rejected.by],
      ...(rejected.reason !== undefined && { reason: rejected.reason }),
      said: sentence(`Gate '${gate}' was rejected by ${rejected.by}${because(rejected.reason)}`),
    };
  if (approvedBy.length >= people) {
    const verdict = people === 0 ? 'passed-by-policy' : 'passed';
    return { verdict, by: approvedBy, said: `Gate '${gate}' was approved by ${approvedBy.join(', ')}.` };
  }
  return {
    verdict: 'expired',
    by: approvedBy,
    said: `Gate '${gate}' expired: ${approvedBy.length} of ${people} people approved in time.`,
  };
}

/**
 * Asks people at a gate and waits: for enough different names, for one refusal, or until time runs out. The
 * hash is over what they approve: the plan, and the findings so far (law 5).
 *
 * @param loses whether something is lost that was not salvaged, or may be: then the policy for losses holds
 */
export async function ask(
  operation: Operation,
  gate: GateName,
  approved: unknown,
  shows: string[],
  loses = false,
): Promise<Verdict> {
  if (operation.plan === undefined)
    throw new Leave({ kind: 'refused', reason: 'There is no plan to approve.' });
  const { people, within } = policy(operation.plan, gate, loses);
  const hash = shortHash(approved);
  const open: OpenGate = { gate, hash, people, approvedBy: [] };
  if (people > 0) {
    operation.gate = open;
    const expiresAt = new Date(Date.now() + within).toISOString();
    operation.note({ kind: 'gate-opened', gate, hash, people, expiresAt, shows });
    try {
      await condition(() => open.approvedBy.length >= people || open.rejected !== undefined, within, {
        summary: `Gate ${gate} expires`,
      });
    } catch (error) {
      if (isCancellation(error))
        operation.note({ kind: 'gate-closed', gate, hash, verdict: 'cancelled', by: open.approvedBy });
      throw error;
    } finally {
      operation.gate = undefined;
    }
  }
  const { said, ...closed } = verdictOf(open);
  operation.note({ kind: 'gate-closed', gate, hash, ...closed });
  return { passed: closed.verdict === 'passed' || closed.verdict === 'passed-by-policy', hash, reason: said };
}

/** A gate that must be passed to go on; answers with the approved hash. */
export async function gate(
  operation: Operation,
  name: GateName,
  approved: unknown,
  shows: string[],
  loses = false,
): Promise<string> {
  const { passed, hash, reason } = await ask(operation, name, approved, shows, loses);
  if (!passed) throw new Leave({ kind: 'refused', reason });
  return hash;
}
