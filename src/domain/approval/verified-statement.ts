import type { MessageName } from './messages.ts';
import type { PersonProof, Statement, Way } from './statement.ts';
import { statementAge } from './statement.ts';

/** Clocks of gateway and Temporal may differ by so much. */
const ahead = 60_000;

/** One person under one name, however they write it. */
export const samePerson = (one: string, other: string) =>
  one.trim().toLowerCase() === other.trim().toLowerCase();

/** Names proved in one way differ for different people; in two ways, nobody knows. */
export const sameWay = (one: Way, other: Way) =>
  one.method === other.method && (one.issuer ?? '') === (other.issuer ?? '');

export const describeProof = ({ method, issuer }: Way) =>
  issuer === undefined ? method : `${method} (${issuer})`;

/** A message as far as a statement is about it. */
export interface Said {
  by: string;
  gate?: string;
  plan?: string;
  hold?: string;
  decision?: string;
  reason?: string | undefined;
  breakGlass?: boolean | undefined;
  proof?: string | undefined;
}

/**
 * Why a statement does not speak for a message: it is about another operation or message, says another thing,
 * or is too old. Every field is compared, so that a proof is good for what the person pressed and nothing else.
 */
export function contradiction(
  statement: Statement,
  { operation, name, said }: { operation: string; name: MessageName; said: Said },
  now: number,
): string | undefined {
  const { gate, plan: hash, hold, decision, reason } = said;
  const breakGlass = said.breakGlass === true;
  const expected = { operation, message: name, gate, hash, hold, decision, reason, breakGlass };
  const stated = { ...statement, breakGlass: statement.breakGlass === true };
  for (const key of Object.keys(expected) as (keyof typeof expected)[])
    if (stated[key] !== expected[key]) return `the proof is for another ${key}`;
  if (!samePerson(statement.person, said.by)) return `the proof is for '${statement.person}'`;
  return agedOut(statement.at, now);
}

/** Why something signed then does not count now. */
export function agedOut(at: string, now: number): string | undefined {
  const age = now - Date.parse(at);
  if (age > statementAge) return 'the proof is older than five minutes: press again';
  if (age < -ahead) return 'the proof was signed in the future: look at the clock of the gateway';
  return undefined;
}

/** What of it the journal keeps. */
export const proofOf = ({ method, issuer, roles }: Statement): PersonProof => ({
  method,
  ...(issuer !== undefined && { issuer }),
  roles,
});
