import type { Context, ErrorHandler } from 'hono';
import { HTTPException } from 'hono/http-exception';
import type { Logger } from 'pino';
import { ClientError } from '../client.ts';
import { NotSignedIn } from './people/oidc.ts';
import { Refusal, awayFor, statusOf } from './refusal.ts';
import type { RefusalStatus } from './refusal.ts';

/** What every refused request is answered with; the words of the CLI's `--json`. */
export interface ErrorBody {
  error: { message: string; next: string; faults?: string[] };
}

/** One sentence and the next move for what is known; of anything else only that it happened, never what it says. */
export const answerErrors =
  (log: Logger): ErrorHandler =>
  (error, context) => {
    const refusal = asRefusal(error);
    if (refusal === undefined) {
      log.error({ err: error, path: context.req.path }, 'a request failed');
      const next = 'This is a bug in Backstep: keep the log of the gateway.';
      return context.json({ error: { message: 'Something unexpected happened.', next } }, 500);
    }
    const { status, message, next, details } = refusal;
    if (status >= 500) log.warn({ path: context.req.path, why: message }, 'a request was not served');
    if (details.retryAfter !== undefined) context.header('retry-after', String(details.retryAfter));
    // The rest of a body that was not read stands in the connection.
    if (status === 413) context.header('connection', 'close');
    if (status === 401) context.header('www-authenticate', 'Bearer');
    const { faults } = details;
    return context.json<ErrorBody>({ error: { message, next, ...(faults && { faults }) } }, status);
  };

function asRefusal(error: Error): Refusal | undefined {
  if (error instanceof Refusal) return error;
  if (error instanceof ClientError) {
    const status = statusOf[error.kind];
    return new Refusal(status, error.message, error.next, status === 503 ? { retryAfter: awayFor } : {});
  }
  if (error instanceof NotSignedIn)
    return new Refusal(503, error.message, 'Send it again later, or use a token of your own.', {
      retryAfter: awayFor,
    });
  if (error instanceof HTTPException && error.status < 500) {
    const said = error.message === '' ? 'The request is refused.' : error.message;
    return new Refusal(error.status as RefusalStatus, said, 'Correct the request.');
  }
  return undefined;
}

export const notFound = (context: Context) =>
  context.json<ErrorBody>(
    { error: { message: 'There is nothing here.', next: 'See /openapi.json for what there is.' } },
    404,
  );
