import { condition, isCancellation } from '@temporalio/workflow';
import { byHandIn } from '../../views/by-hand.ts';
import type { Fault } from '../../domain/failures.ts';
import { StageExit, sentence } from './stage-exit.ts';
import type { OpenHold, Operation } from './operation.ts';
import type { Decision } from '../../domain/approval/answers.ts';
import type { StepName } from '../../activities/steps.ts';

export interface Held {
  /** `<step>-<try>`, with the CronJob behind it where there is one. */
  hold: string;
  step: StepName;
  part?: string;
  fault: Fault;
  decisions: Decision[];
}

/** Before the pivot a hold has a deadline, for the application is down and putting back is safe. */
const deadlineOf = ({ irreversible, plan }: Operation) =>
  irreversible || plan === undefined ? undefined : plan.service.writeOutageBudget;

/**
 * Waits with writes as they are until a person decides, or until the deadline. Answers `retry` or `skip`; anything
 * else leaves the stage.
 */
export async function hold(operation: Operation, held: Held): Promise<'retry' | 'skip'> {
  const { hold, step, part, fault, decisions } = held;
  const open: OpenHold = { hold, decisions };
  const within = deadlineOf(operation);
  operation.hold = open;
  operation.note({
    kind: 'hold-opened',
    hold,
    step,
    ...(part !== undefined && { part }),
    fault,
    decisions,
    ...(within !== undefined && { deadline: new Date(Date.now() + within).toISOString() }),
    byHand: operation.plan && operation.writesStopped ? byHandIn(operation.journal, operation.plan) : [],
  });
  try {
    const decided = () => open.answer !== undefined;
    await (within === undefined
      ? condition(decided)
      : condition(decided, within, { summary: `Hold ${hold} gives up` }));
  } catch (error) {
    if (isCancellation(error))
      operation.note({ kind: 'hold-closed', hold, decision: 'cancelled', by: 'a cancel request' });
    throw error;
  } finally {
    operation.hold = undefined;
  }
  // Whoever decides here has seen the cancel request too.
  operation.cancelPending = false;
  if (open.answer === undefined) throw giveUp(operation, held);
  operation.note({ kind: 'hold-closed', hold, ...open.answer });
  const { decision, by, reason } = open.answer;
  if (decision === 'retry' || decision === 'skip') return decision;
  const why = reason === undefined ? '' : ` (${reason})`;
  throw new StageExit({
    answer: { hold: step, answer: decision },
    reason: `${by} decided '${decision}'${why} at hold '${hold}': ${sentence(fault.message)}`,
  });
}

function giveUp(operation: Operation, { hold, step, fault }: Held): StageExit {
  operation.note({ kind: 'hold-closed', hold, decision: 'give-up', by: 'the write outage budget' });
  return new StageExit({
    answer: { hold: step, answer: 'give-up' },
    reason: `Nobody decided at hold '${hold}' within the write outage budget: ${sentence(fault.message)}`,
  });
}
