import { Failure } from '../domain/failures.ts';

/** What an SDK's error says, whatever the SDK. */
export interface Said {
  /** HTTP status; absent where no answer came. */
  status?: number | undefined;
  /** The provider's own name of the error: `DBInstanceNotFound`. */
  code?: string | undefined;
  message: string;
}

/** Errors of the provider that ask for patience; the SDK has tried again by itself already. */
const busy = /throttl|too ?many ?requests|rate ?limit|slow ?down|internal|unavailable|timeout/i;
/** Nobody could be asked for credentials, or the answer was that they do not do. */
const credentials = /credential|could not load|unauthenticated|invalid_grant|AADSTS|ExpiredToken/i;

/**
 * A provider's error as a failure of the closed set: no answer, or one that asks for patience, is tried again;
 * everything else needs a person. Messages of the providers name resources, never keys; the errors themselves
 * hold signed requests and tokens, and are not kept.
 */
export function providerFailure(provider: string, doing: string, said: Said): Failure {
  const { status, code, message } = said;
  const text = `Could not ${doing}: ${provider} says ${[code, message].filter(Boolean).join(': ')}`;
  const refused = credentials.test(`${code} ${message}`) || status === 401 || status === 403;
  if (refused) return new Failure('ProviderRefused', text);
  if (status === undefined || status === 429 || status >= 500 || busy.test(code ?? ''))
    return new Failure('ProviderUnreachable', text);
  return new Failure('ProviderRefused', text);
}

export const messageOf = (error: unknown): string => {
  if (error instanceof AggregateError) return error.errors.map(messageOf).join('; ');
  return error instanceof Error ? error.message : String(error);
};
