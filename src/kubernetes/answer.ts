import { ApiException } from '@kubernetes/client-node';
import { Failure } from '../domain/failures.ts';

/** HTTP status with which the API server refused; undefined where it did not answer. */
export function statusOf(error: unknown): number | undefined {
  if (error instanceof ApiException) return error.code;
  if (error instanceof Failure && typeof error.details['status'] === 'number') return error.details['status'];
  return undefined;
}

/** What the API server said, without the headers that the client's own message carries. */
export function saidBy(error: unknown): string {
  if (!(error instanceof ApiException)) return error instanceof Error ? withCauses(error) : String(error);
  const body: unknown = typeof error.body === 'string' ? parsed(error.body) : error.body;
  if (typeof body === 'object' && body !== null && 'message' in body) return String(body.message);
  return typeof body === 'string' && body !== '' ? body.slice(0, 500) : `HTTP ${error.code}`;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

function withCauses(error: Error): string {
  const causes: string[] = [];
  for (let at: unknown = error; at instanceof Error; at = at.cause) causes.push(at.message);
  return causes.filter((message) => message !== '').join(': ');
}

/**
 * Turns what a request to the API server threw into the failure that tells the operator what to do.
 * `doing` says what was being done, as in `read Deployment deeptech/deeptech-api`.
 */
export function kubernetesFailure(error: unknown, doing: string): Failure {
  if (error instanceof Failure) return error;
  const status = statusOf(error);
  const message = `Could not ${doing}: ${saidBy(error)}`;
  const details = status === undefined ? {} : { status };
  const failure = (type: ConstructorParameters<typeof Failure>[0], text = message) =>
    new Failure(type, text, details, { cause: error });
  if (status === undefined)
    return isUnanswered(error) ? failure('KubernetesUnreachable') : failure('Unexpected');
  if (status === 401) return failure('KubernetesRightMissing', `${message}. The credentials were refused.`);
  if (status === 403) return failure('KubernetesRightMissing');
  if (status === 404) return failure('WorkloadMissing');
  if (status === 429 || status >= 500) return failure('KubernetesUnreachable');
  return failure('Unexpected');
}

/** Network errors come as a TypeError of fetch, a time-out as a DOMException; anything else is ours. */
function isUnanswered(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  return (
    (error instanceof TypeError && error.message === 'fetch failed') ||
    error.name === 'TimeoutError' ||
    error.name === 'AbortError' ||
    'code' in error
  );
}

/** Sends one request; whatever it throws becomes a `Failure`. */
export async function ask<T>(doing: string, request: Promise<T>): Promise<T> {
  try {
    return await request;
  } catch (error) {
    throw kubernetesFailure(error, doing);
  }
}

/** As `ask`, with undefined for what does not exist. */
export async function find<T>(doing: string, request: Promise<T>): Promise<T | undefined> {
  try {
    return await request;
  } catch (error) {
    if (statusOf(error) === 404) return undefined;
    throw kubernetesFailure(error, doing);
  }
}
