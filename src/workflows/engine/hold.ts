import { condition, isCancellation } from '@temporalio/workflow';
import { declared } from '../../activities/steps.ts';
import { byHandIn } from '../../views/by-hand.ts';
import type { Decision } from '../../domain/approval/answers.ts';
import type { Fault } from '../../domain/failures.ts';
import type { HoldAnswer } from '../../domain/leads-to.ts';
import type { Operation } from './operation.ts';
import { StageExit, cancelled, sentence } from './stage-exit.ts';

export interface Held {
  /** `<step>-<try>`, with the CronJob behind it where there is one. */
  hold: string;
  step: string;
  part?: string;
  fault: Fault;
  decisions: Decision[];
}

/**
 * Waits with writes as they are until a person decides, or until the deadline. Answers `retry` or `skip`; anything
 * else leaves the stage. One hold is open at a time: people are asked one question, and others wait their turn.
 */
export async function hold(operation: Operation, held: Held): Promise<'retry' | 'skip'> {
  await condition(() => operation.hold === undefined);
  const { hold, fault } = held;
  const goesBack = canGoBack(operation, held.step);
  const within = goesBack ? operation.plan?.service.writeOutageBudget : undefined;
  const isCancelled = () => goesBack && operation.cancelPending;
  const open = operation.openHold({
    ...held,
    ...(within !== undefined && { deadline: new Date(Date.now() + within).toISOString() }),
    byHand: commandsByHand(operation),
  });
  try {
    const decided = () => open.answer !== undefined || isCancelled();
    await (within === undefined
      ? condition(decided)
      : condition(decided, within, { summary: `Hold ${hold} gives up` }));
  } catch (error) {
    if (isCancellation(error)) operation.closeHold({ decision: 'cancelled', by: 'a cancel request' });
    throw error;
  }
  if (open.answer === undefined && isCancelled()) {
    operation.closeHold({ decision: 'cancelled', by: 'a cancel request' });
    throw new StageExit(cancelled());
  }
  if (open.answer === undefined) {
    operation.closeHold({ decision: 'give-up', by: 'the write outage budget' });
    const reason = `Nobody decided at hold '${hold}' within the write outage budget: ${sentence(fault.message)}`;
    throw left(held, 'give-up', reason);
  }
  operation.closeHold(open.answer);
  const { decision, by, reason } = open.answer;
  if (decision === 'retry' || decision === 'skip') return decision;
  const why = reason === undefined ? '' : ` (${reason})`;
  throw left(
    held,
    decision,
    `${by} decided '${decision}'${why} at hold '${hold}': ${sentence(fault.message)}`,
  );
}

const left = ({ step }: Held, answer: Exclude<HoldAnswer, 'retry' | 'skip'>, reason: string) =>
  new StageExit({ answer: { hold: step, answer }, reason });

/**
 * Before the pivot a hold has a deadline, and a cancel request answers it: the application is down, and putting back
 * is safe. Where that is what fails, only a person can tell what next.
 */
export const canGoBack = ({ irreversible }: Operation, step: string): boolean =>
  !irreversible && declared(step)?.undoes !== true;

/** What undoes the freeze without Backstep. */
const commandsByHand = ({ plan, situation, journal }: Operation): string[] =>
  plan && situation.writes === 'stopped' ? byHandIn(journal, plan) : [];
