import { DatabaseError } from 'pg';
import { Failure, type FailureType } from '../domain/failures.ts';

/** SQLSTATEs, whole or by class, that have an answer of their own. */
const byState: readonly (readonly [RegExp, FailureType])[] = [
  [/^28/, 'DatabaseLoginRefused'],
  // What a disk has lost does not come back by asking again.
  [/^(XX001|XX002|58030)$/, 'DatabaseDamaged'],
  [/^42501$/, 'DatabaseRightMissing'],
  [/^(3D000|42P01|42703|3F000|58P01|0A000)$/, 'DatabaseInvalid'],
  [/^(08|57P|53|58)/, 'DatabaseUnreachable'],
  // A lock or statement time-out, a deadlock, an object in use: the world may have mended a moment later.
  [/^(55P03|57014|40|55006)/, 'DatabaseUnreachable'],
];

const networkCodes = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EPIPE',
  'ETIMEDOUT',
  'ENOENT',
]);

/**
 * An error of PostgreSQL or of the connection as a failure of the closed set. Messages of the server name
 * roles and databases, never passwords; errors that carry the URL are not repeated.
 *
 * @param doing what was being done, as in `count the tables`
 */
export function postgresFailure(error: unknown, doing: string): Failure {
  if (error instanceof Failure) return error;
  const cause = { cause: error };
  if (error instanceof DatabaseError) {
    const state = error.code ?? '';
    const type = byState.find(([pattern]) => pattern.test(state))?.[1] ?? 'Unexpected';
    const more = [error.detail, error.hint].filter(Boolean).join(' ');
    return new Failure(
      type,
      `Could not ${doing}: ${error.message} (${state})${more && `; ${more}`}`,
      {},
      cause,
    );
  }
  const code = codeOf(error);
  const message = error instanceof Error ? error.message : String(error);
  if (code === 'ERR_INVALID_URL' || error instanceof TypeError || error instanceof URIError) {
    return new Failure('DatabaseInvalid', `Could not ${doing}: the Secret holds no PostgreSQL URL.`);
  }
  if (networkCodes.has(code) || /timeout|terminated|ended|closed|not queryable|SSL/i.test(message)) {
    return new Failure('DatabaseUnreachable', `Could not ${doing}: ${message || code}`, {}, cause);
  }
  if (/password|SCRAM|SASL/i.test(message)) {
    return new Failure('DatabaseLoginRefused', `Could not ${doing}: the login was refused.`, {}, cause);
  }
  return new Failure('Unexpected', `Could not ${doing}: ${message}`, {}, cause);
}

function codeOf(error: unknown): string {
  if (error instanceof AggregateError) return codeOf(error.errors[0]);
  return typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : '';
}
