import { readKeys } from '../../identity/keys.ts';
import { verify, verifyStart } from '../../identity/statement.ts';
import { Failure } from '../../domain/failures.ts';
import type { Dependencies } from '../context.ts';
import type { ProofActivities } from '../../domain/approval/start-statement.ts';

/**
 * Answers with what the gateway stated about a person, or about what started a rollback. The keys are read anew each time, so that they can be
 * changed under a running worker.
 *
 * @throws Failure ProofInvalid
 */
export async function checkProof(
  { gatewayKeys }: Pick<Dependencies, 'gatewayKeys'>,
  { proof, of }: Parameters<ProofActivities['check-proof']>[0],
): ReturnType<ProofActivities['check-proof']> {
  if (gatewayKeys === undefined)
    throw new Failure('ProofInvalid', 'This worker knows no gateway: BACKSTEP_GATEWAY_KEYS is not set.');
  const keys = await readKeys(gatewayKeys).catch((error: unknown) => {
    throw new Failure('ProofInvalid', `The public keys of the gateway cannot be read: ${why(error)}.`);
  });
  return of === 'start' ? verifyStart(proof, keys) : verify(proof, keys);
}

const why = (error: unknown): string => (error as NodeJS.ErrnoException).code ?? (error as Error).message;
