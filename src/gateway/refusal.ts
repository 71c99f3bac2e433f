import type { ClientErrorKind } from '../client.ts';

/** Statuses with which the gateway refuses, and what each tells the sender to do. */
export type RefusalStatus = 400 | 401 | 403 | 404 | 409 | 413 | 415 | 422 | 429 | 502 | 503;

/** A request that is not served: what is wrong, and the next move; the body of the answer. */
export class Refusal extends Error {
  override readonly name = 'Refusal';
  constructor(
    readonly status: RefusalStatus,
    message: string,
    readonly next: string,
    readonly details: { faults?: string[]; retryAfter?: number } = {},
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/** 503 is what senders of alerts try again; the others would only be refused again. */
export const statusOf: Record<ClientErrorKind, RefusalStatus> = {
  invalid: 422,
  unreachable: 503,
  none: 404,
  'no-worker': 503,
  refused: 409,
  failed: 502,
};

/** Seconds after which a sender may come again while Temporal, or a worker, is away. */
export const awayFor = 10;
