import { condition, isCancellation } from '@temporalio/workflow';
import { policyAt } from '../../domain/approval/gate-policy.ts';
import type { Event } from '../../domain/journal/journal.ts';
import { shortHash } from '../../domain/plan/hash.ts';
import type { GateAnswer } from '../../domain/leads-to.ts';
import type { GateSummary } from '../../views/gate.ts';
import { StageExit, sentence } from './stage-exit.ts';
import { OpenGate } from './operation.ts';
import type { Operation } from './operation.ts';
import type { GateName } from '../../domain/approval/answers.ts';

type Closed = Extract<Event, { kind: 'gate-closed' }>;
/** What the journal keeps of it; a cancel request closes a gate without a verdict. */
type Answered = Pick<Closed, 'by' | 'reason' | 'proof' | 'breakGlass'> & {
  verdict: Exclude<Closed['verdict'], 'cancelled'>;
  said: string;
};

export interface Verdict {
  answer: GateAnswer;
  hash: string;
  /** In words: who approved, who refused and why, or that time ran out. */
  reason: string;
}

const because = (reason: string | undefined) => (reason === undefined ? '' : `: ${reason}`);

function verdictOf({ gate, people, approvedBy, passedAlone, rejected }: OpenGate): Answered {
  if (rejected)
    return {
      verdict: 'rejected',
      by: [rejected.by],
      ...(rejected.reason !== undefined && { reason: rejected.reason }),
      ...(rejected.proof && { proof: rejected.proof }),
      said: sentence(`Gate '${gate}' was rejected by ${rejected.by}${because(rejected.reason)}`),
    };
  if (passedAlone && approvedBy.length < people)
    return {
      verdict: 'passed',
      by: [passedAlone.by],
      breakGlass: true,
      ...(passedAlone.reason !== undefined && { reason: passedAlone.reason }),
      said: sentence(
        `Gate '${gate}' was passed by ${passedAlone.by} alone, who broke the glass${because(passedAlone.reason)}`,
      ),
    };
  if (approvedBy.length >= people) {
    const verdict = people === 0 ? 'passed-by-policy' : 'passed';
    return { verdict, by: [...approvedBy], said: `Gate '${gate}' was approved by ${approvedBy.join(', ')}.` };
  }
  return {
    verdict: 'expired',
    by: [...approvedBy],
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
  { shows, dangers }: GateSummary,
  loses = false,
): Promise<Verdict> {
  if (operation.plan === undefined)
    throw new StageExit({ answer: { answer: 'failure' }, reason: 'There is no plan to approve.' });
  const { people, within, wants } = policyAt(operation.plan, gate, loses, operation.started);
  const hash = shortHash(approved);
  const open = new OpenGate({ gate, hash, people, wants });
  if (people > 0) {
    const expiresAt = new Date(Date.now() + within).toISOString();
    operation.openGate(open, { expiresAt, shows, ...(dangers.length > 0 && { dangers }) });
    try {
      await condition(() => open.isDecided, within, { summary: `Gate ${gate} expires` });
    } catch (error) {
      if (isCancellation(error))
        operation.closeGate(open, { verdict: 'cancelled', by: [...open.approvedBy] });
      throw error;
    }
  }
  const { said, ...closed } = verdictOf(open);
  operation.closeGate(open, closed);
  return { answer: answers[closed.verdict], hash, reason: said };
}

const answers = {
  passed: 'approve',
  'passed-by-policy': 'approve',
  rejected: 'reject',
  expired: 'expire',
} as const;

/** A gate that must be passed to go on; answers with the approved hash. */
export async function gate(
  operation: Operation,
  name: GateName,
  approved: unknown,
  summary: GateSummary,
  loses = false,
): Promise<string> {
  const { answer, hash, reason } = await ask(operation, name, approved, summary, loses);
  if (answer !== 'approve') throw new StageExit({ answer: { gate: name, answer }, reason });
  return hash;
}
