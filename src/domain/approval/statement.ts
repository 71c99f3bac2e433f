import { z } from 'zod';
import { decisions, gateNames, planHash } from './answers.ts';

/** Of a reason, wherever somebody gives one. */
export const longestReason = 2_000;

/** How the gateway proved a person: by the provider's OpenID Connect, or by a token of their own. */
export const proofMethod = z.enum(['oidc', 'token']);
export type ProofMethod = z.infer<typeof proofMethod>;

/**
 * What the gateway states and signs: this proved person says this to this operation, now. The workflow compares
 * every field with the message that carries it; no token of a person enters Temporal.
 */
export const statement = z.strictObject({
  operation: z.string().regex(/^bs-[0-9a-f]{8}$/),
  message: z.enum(['approve', 'reject', 'decide', 'acknowledge']),
  /** Of `approve` and `reject`. */
  gate: z.enum(gateNames).optional(),
  /** The plan hash, as the message has it under `plan`. */
  hash: planHash.optional(),
  /** Of `decide`. */
  hold: z.string().min(1).max(200).optional(),
  decision: z.enum(decisions).optional(),
  /** As the message has it under `by`. */
  person: z.string().trim().min(1).max(200),
  roles: z.array(z.string().min(1).max(100)).max(50),
  method: proofMethod,
  /** Of `oidc`: the provider. */
  issuer: z.string().max(500).optional(),
  /** When it was signed, by the gateway's clock; ISO 8601 in UTC. */
  at: z.iso.datetime(),
  breakGlass: z.boolean().optional(),
  reason: z.string().max(longestReason).optional(),
});
export type Statement = z.infer<typeof statement>;

/** A statement as compact JWS, as messages and requests carry it; the longest reason fits, whatever is in it. */
export const proof = z
  .string()
  .max(24_576)
  .regex(/^[\w-]+\.[\w-]+\.[\w-]+$/, 'must be a compact JWS');

/** `typ` in the header of the compact JWS; what was signed for another purpose is no statement. */
export const statementType = 'backstep-statement+jwt';

/** How long after its signature a statement counts; milliseconds. */
export const statementAge = 5 * 60_000;

/** How a person was proved, as the journal keeps it. */
export interface PersonProof {
  method: ProofMethod;
  issuer?: string;
  roles: string[];
}

/** How somebody was proved: two names that were proved in two ways may be one person. */
export interface Way {
  method: ProofMethod;
  issuer?: string | undefined;
}
