import {
  ServiceError,
  WorkflowFailedError,
  WorkflowUpdateFailedError,
  WorkflowUpdateRPCTimeoutOrCancelledError,
  isGrpcCancelledError,
  isGrpcDeadlineError,
  isGrpcServiceError,
} from '@temporalio/client';
import { ApplicationFailure, NamespaceNotFoundError, WorkflowNotFoundError } from '@temporalio/common';
import { failures, isFailureType } from '../domain/failures.ts';
import type { Fault } from '../domain/failures.ts';

/**
 * Why a client could not do what it was asked: `invalid` input, `unreachable` Temporal, no such rollback
 * (`none`), `no-worker` that answers, `refused` by the rollback itself, `failed` otherwise.
 */
export type ClientErrorKind = 'invalid' | 'unreachable' | 'none' | 'no-worker' | 'refused' | 'failed';

/** Says what is wrong in one sentence, and the operator's next move in another. */
export class ClientError extends Error {
  override readonly name = 'ClientError';
  constructor(
    readonly kind: ClientErrorKind,
    message: string,
    readonly next: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

export const noWorker = (doing: string, cause?: unknown) =>
  new ClientError(
    'no-worker',
    `No worker answers, so ${doing}.`,
    'Start a worker for this address and namespace; whatever was stopped stays as it is meanwhile.',
    { cause },
  );

/** Turns whatever the SDK throws into a ClientError; `doing` completes "could not …". */
export function clientError(error: unknown, doing: string): ClientError {
  if (error instanceof ClientError) return error;
  const options = { cause: error };
  if (error instanceof WorkflowUpdateFailedError || error instanceof WorkflowFailedError) {
    const { message, next } = said(error.cause);
    return new ClientError('refused', message, next, options);
  }
  if (error instanceof WorkflowNotFoundError) {
    return new ClientError(
      'none',
      'This rollback does not exist, or has ended.',
      'Look at it: `backstep status <service>`.',
      options,
    );
  }
  if (error instanceof NamespaceNotFoundError) {
    return new ClientError(
      'invalid',
      `Temporal has no namespace "${error.namespace}".`,
      'Correct TEMPORAL_NAMESPACE, or create the namespace: `temporal operator namespace create`.',
      options,
    );
  }
  if (
    error instanceof WorkflowUpdateRPCTimeoutOrCancelledError ||
    isGrpcDeadlineError(error) ||
    isGrpcCancelledError(error)
  ) {
    return noWorker(`Backstep could not ${doing} in time`, error);
  }
  const grpc = isGrpcServiceError(error) ? error : error instanceof ServiceError ? error.cause : undefined;
  if (isGrpcServiceError(grpc)) return fromGrpc(grpc.code, grpc.details, doing, options);
  const message = error instanceof Error ? error.message : String(error);
  return new ClientError(
    'failed',
    `Could not ${doing}: ${message}`,
    'Look at the rollback in the Temporal UI.',
    options,
  );
}

/** gRPC codes: 14 UNAVAILABLE, 7 PERMISSION_DENIED, 16 UNAUTHENTICATED, 9 FAILED_PRECONDITION. */
function fromGrpc(code: number, details: string, doing: string, options: ErrorOptions): ClientError {
  if (code === 14) return unreachable(details, options);
  if (code === 7 || code === 16) {
    return new ClientError(
      'refused',
      `Temporal refuses to ${doing}: ${details}`,
      'Check TEMPORAL_API_KEY or the client certificate, and what they may do in this namespace.',
      options,
    );
  }
  // "no poller seen for task queue recently, worker may be down"
  if (code === 9 && /poller|worker/i.test(details))
    return noWorker(`Backstep could not ${doing}`, options.cause);
  return new ClientError(
    'failed',
    `Could not ${doing}: ${details}`,
    'Look at the rollback in the Temporal UI.',
    options,
  );
}

export const unreachable = (why: string, options: ErrorOptions) =>
  new ClientError(
    'unreachable',
    `Temporal cannot be reached: ${why}.`,
    'Check TEMPORAL_ADDRESS (and TEMPORAL_PROFILE, TEMPORAL_TLS…), and that the server runs.',
    options,
  );

/** A failure as people should read it. */
export interface Said {
  message: string;
  next: string;
  /** Of the closed set in runbook/failures.ts, where Backstep itself failed it. */
  type?: string;
  /** Of a refusal: the types of all the faults that its message names. */
  faults?: string[];
}

/** Reads the failure of a workflow or an update; its first detail is a fault, or a list of faults. */
export function said(error: unknown): Said {
  if (!(error instanceof ApplicationFailure)) {
    const message = error instanceof Error ? error.message : String(error);
    return { message, next: 'Look at the rollback in the Temporal UI.' };
  }
  const { message, type } = error;
  const detail: unknown = error.details?.[0];
  const faults = (Array.isArray(detail) ? detail : [detail]) as (Partial<Fault> | undefined)[];
  const known =
    type && isFailureType(type) ? failures[type].next : 'Look at the rollback: `backstep status <service>`.';
  // A refusal's message says the next move of each of its faults already.
  const next = Array.isArray(detail) ? known : (faults[0]?.next ?? known);
  const types = faults.flatMap((fault) => fault?.type ?? []);
  // A workflow says its next move in the message too, for people who see nothing else.
  const seen = message.trimEnd();
  return {
    message: seen.endsWith(next) ? seen.slice(0, -next.length).trimEnd() : seen,
    next,
    ...(type ? { type } : {}),
    ...(types.length > 0 ? { faults: types } : {}),
  };
}
