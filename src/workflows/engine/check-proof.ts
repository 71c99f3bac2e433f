import { CancellationScope, proxyActivities } from '@temporalio/workflow';
import type { ProofActivities, StartStatement } from '../../domain/approval/start-statement.ts';
import type { Statement } from '../../domain/approval/statement.ts';
import { faultOf } from './run-activity.ts';
import type { Operation } from './operation.ts';

/** A person waits for the answer: a worker that is away must not make them wait for long. */
const activities = proxyActivities<ProofActivities>({
  scheduleToCloseTimeout: '1m',
  startToCloseTimeout: '10s',
  heartbeatTimeout: '5s',
  retry: { initialInterval: '1s', maximumAttempts: 5 },
  summary: 'Check who says it',
});

/**
 * So many at once. Temporal takes ten updates of a workflow at a time: garbage that waits to be checked must not
 * keep others out.
 */
const atOnce = 5;

export const tooMany = ({ checking }: Operation): string | undefined =>
  checking >= atOnce ? 'too many proofs are being checked now: say it again' : undefined;

/**
 * What the gateway stated about a person, or why that does not count. Never rejects, and a cancel request of the
 * rollback does not end it: the message may be the decision about just that.
 */
export const checkProof = (operation: Operation, proof: string): Promise<Statement | Refused> =>
  checked(operation, () => activities['check-proof']({ proof }) as Promise<Statement>);

/** The same of what it signed when it started the rollback. */
export const checkStart = (operation: Operation, proof: string): Promise<StartStatement | Refused> =>
  checked(operation, () => activities['check-proof']({ proof, of: 'start' }) as Promise<StartStatement>);

interface Refused {
  refused: string;
}

async function checked<T>(operation: Operation, check: () => Promise<T>): Promise<T | Refused> {
  operation.checking += 1;
  try {
    return await CancellationScope.nonCancellable(check);
  } catch (error) {
    const { message, next } = faultOf(error);
    return { refused: `${message} ${next}` };
  } finally {
    operation.checking -= 1;
  }
}
