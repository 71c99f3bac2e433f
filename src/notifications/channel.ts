import type { SecretReference } from '../domain/definition/secret-reference.ts';

/** What a channel tells with. */
export interface Delivery {
  /** Reads a Secret of the definition; called anew at every attempt, so that a rotated one counts. */
  secret: (reference: SecretReference) => Promise<string>;
  /** Aborted when nobody waits for it any more. */
  signal: AbortSignal;
}
