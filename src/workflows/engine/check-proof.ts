import { CancellationScope, proxyActivities, workflowInfo } from '@temporalio/workflow';
import { startContradiction } from '../../domain/approval/start-statement.ts';
import type { ProofActivities, StartStatement } from '../../domain/approval/start-statement.ts';
import type { Statement } from '../../domain/approval/statement.ts';
import { defined } from '../../domain/defined.ts';
import type { RollbackRequest } from '../../domain/plan/request.ts';
import type { Operation } from './operation.ts';
import { faultOf } from './run-activity.ts';

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

export const tooMany = ({ proofsInCheck }: Operation): string | undefined =>
  proofsInCheck >= atOnce ? 'too many proofs are being checked now: say it again' : undefined;

interface Refused {
  refused: string;
}

/**
 * What the gateway stated about a person, or why that does not count. Never rejects, and a cancel request of the
 * rollback does not end it: the message may be the decision about just that.
 */
export const checkProof = (operation: Operation, proof: string): Promise<Statement | Refused> =>
  checked(operation, () => activities['check-proof']({ proof }) as Promise<Statement>);

/** The same of what it signed when it started the rollback. */
const checkStart = (operation: Operation, proof: string): Promise<StartStatement | Refused> =>
  checked(operation, () => activities['check-proof']({ proof, of: 'start' }) as Promise<StartStatement>);

async function checked<T>(operation: Operation, check: () => Promise<T>): Promise<T | Refused> {
  try {
    return await operation.checksProof(() => CancellationScope.nonCancellable(check));
  } catch (error) {
    const { message, next } = faultOf(error);
    return { refused: `${message} ${next}` };
  }
}

/**
 * Finds out whether the gateway signed who started it. From then on the request says of that only what is proved;
 * whatever is not is told in the report, and a person is asked in its place.
 */
export async function proveStart(operation: Operation): Promise<void> {
  const signed = operation.requested.request as RollbackRequest;
  const { proof, requestedVia, ...request } = signed;
  if (proof === undefined) return operation.proveStart(request, undefined);
  const statement = await checkStart(operation, proof);
  const began = workflowInfo().startTime.getTime();
  const refused = 'refused' in statement ? statement.refused : startContradiction(statement, signed, began);
  if (refused !== undefined) {
    operation.ignore('start', request.requestedBy ?? 'somebody', refused);
    return operation.proveStart(request, undefined);
  }
  const { issuer } = statement as StartStatement;
  return operation.proveStart({ ...request, ...defined({ requestedVia }) }, defined({ issuer }));
}
