import { Failure } from '../domain/failures.ts';

/** The longest that one attempt waits for an answer; milliseconds. */
export const patience = 10_000;

const mayMend = (status: number) => status === 408 || status === 425 || status === 429 || status >= 500;

/** `Retry-After` in milliseconds, of seconds or a date; undefined where there is none to be understood. */
export function retryAfterOf(header: string | null | undefined, now = Date.now()): number | undefined {
  if (header === null || header === undefined || header.trim() === '') return undefined;
  const seconds = Number(header);
  const at = Number.isFinite(seconds) ? seconds * 1_000 : Date.parse(header) - now;
  return Number.isFinite(at) && at > 0 ? at : undefined;
}

/** An answer other than 2xx as a failure of the closed set. URLs, which may be secrets, are never repeated. */
export function answered(channel: string, status: number, body: string, retryAfter?: number): Failure {
  const said = body.replaceAll(/\s+/g, ' ').trim().slice(0, 300);
  const message = `${channel} answered ${status}${said === '' ? '' : `: ${said}`}`;
  if (!mayMend(status)) return new Failure('ChannelRefused', message);
  return new Failure('NotDelivered', message, retryAfter === undefined ? {} : { retryAfter });
}

/** No answer. Only the innermost cause is for people, and it names host and port at most. */
export function unanswered(channel: string, error: unknown): Failure {
  if (error instanceof Failure) return error;
  let at = error;
  while (at instanceof Error && at.cause !== undefined) at = at.cause;
  const inner = at instanceof AggregateError ? at.errors[0] : at;
  const why = inner instanceof Error ? codeOf(inner) : 'no answer';
  return new Failure('NotDelivered', `${channel} could not be reached: ${why}`);
}

function codeOf(error: Error & { code?: unknown }): string {
  if (error.name === 'TimeoutError') return `no answer within ${patience / 1_000} s`;
  return typeof error.code === 'string' ? error.code : error.name;
}
