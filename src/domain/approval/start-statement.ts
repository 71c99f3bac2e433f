import { z } from 'zod';
import { canonical } from '../plan/hash.ts';
import { rollbackRequest } from '../plan/request.ts';
import type { RollbackRequest } from '../plan/request.ts';
import { agedOut } from './verified-statement.ts';
import type { Statement } from './statement.ts';

/**
 * What the gateway states and signs when it starts a rollback: this request, with the person or the alert in it,
 * came to it now. Whoever may start workflows may write the same request, but not the signature.
 */
export const startStatement = z.strictObject({
  message: z.literal('start'),
  request: rollbackRequest.omit({ proof: true }),
  /** Of a person: the provider that proved them. */
  issuer: z.string().max(500).optional(),
  /** When it was signed, by the gateway's clock; ISO 8601 in UTC. */
  at: z.iso.datetime(),
});
export type StartStatement = z.infer<typeof startStatement>;

/** `typ` in the header: what a person said about an operation is no start, and the other way round. */
export const startType = 'backstep-start+jwt';

/**
 * Why a statement does not speak for a request.
 *
 * @param began when the workflow was started; milliseconds
 */
export function startContradiction(
  { request: stated, at }: StartStatement,
  request: RollbackRequest,
  began: number,
): string | undefined {
  if (canonical(stated) !== canonical({ ...request, proof: undefined }))
    return 'the proof is for another request';
  return agedOut(at, began);
}

/** What a worker does about proofs; no step. */
export interface ProofActivities {
  /** Answers with what the gateway signed, in a message or `of` a start; ProofInvalid where it did not. */
  'check-proof'(input: { proof: string; of?: 'start' }): Promise<Statement | StartStatement>;
}
